package report

import "regexp"

// answered matches the prefixes of subjects that people answer and forward with.
var answered = regexp.MustCompile(`(?i)^\s*(?:\[[^\]]{0,40}\]\s*)*(?:re|fwd?|aw|wg|tr|rv|sv|vs|vl|vb|antw|odp|rif|res|enc|ynt|i|pd|doorst|doorgest|ha|отв|ответ|пересл|转发|回复|答复|回覆|轉寄)\s?(?:\[\d+\]|\(\d+\))?\s*[:：]`)

// What subjects say, in the languages that mail systems speak.
var (
	delaySubject = anyOf(
		`\bdelay(ed)?\b`, `warning: could not send`, `still (being )?(trying|retried)`, `not yet (been )?delivered`, `temporar(y|ily) (failure|undeliver)`, `\bdeferred\b`, `postponed`, `delivery warning`, `delivery attempts? .{0,20}continu`,
		`verzögert`, `verzögerung`, `retardé`, `différé`, `en retard`, `retrasad`, `retraso`, `aplazad`, `demorad`, `ritard`, `vertraagd`, `vertraging`, `atrasad`, `adiad[oa]`,
		`opóźni`, `задерж`, `отлож`, `отсроч`, `遅延`, `遅れ`, `延迟`, `延遲`, `försen`, `fördröj`, `forsink`, `viiväst`, `gecik`, `zpožd`,
	)
	failureSubject = anyOf(
		`undeliver(able|ed)`, `un-?delivered`, `return(ed|ing)?:? (e-?mail|message|mail|to sender)`, `(mail|message)s? (was |has been |is being )?returned`, `failure notice`, `notice of (non-?)?(delivery|failure)`,
		`delivery[- ]?(fail(ure|ed)?|problem|error|has failed|not|to .{1,80} (has )?failed)`, `delivery (status )?notification.{0,5}fail`, `mail (delivery|system|transport) (fail|error|problem)`, `mail ?(delivery )?fail(ure|ed)`, `mail error`, `mail bounce`,
		`non-?deliver`, `nondeliver`, `not (be |been )?deliver(ed|able)`, `(unable|failed|failure) to (be )?(deliver|send)`, `(can|could)( ?not|n't) (be )?(deliver|sen)`, `can'?t (be )?deliver`, `cannot send`, `message (undeliverable|rejected|blocked|bounced|failed|not)`,
		`\bbounced?\b`, `\breject(ed|ion)?\b`, `error sending`, `(unknown|invalid|nonexistent) (user|recipient|address|mailbox)`, `user (unknown|not found|not known)`, `mailbox (is )?(full|unavailable|unknown)`, `(message|mail)( you sent)? (was )?(blocked|refused|stopped)`, `transmission (error|fail)`, `address (error|unknown)`, `not sent`, `nicht (gesendet|zugestellt|zustellbar)`,
		`unzustellbar`, `zustell(fehler|problem)`, `fehlgeschlagen`, `rückläufer`, `nicht zugestellt`,
		`non remise?s?\b`, `non (délivr|distribu)`, `échec`, `retour .{0,20}expéditeur`, `rapport de non[- ]remise`, `impossible de remettre`,
		`no se (puede|pudo|ha podido) entregar`, `no (ha sido )?entregad`, `no enviado`, `(fallo|error|fallido)\b.{0,20}(entrega|envío)`, `entrega fallida`, `devuelto`, `notificación de error`,
		`non recapitabil`, `impossibil. recapitare`, `mancat[ao] (recapito|consegna)`, `non consegnat`, `errore di (recapito|consegna)`,
		`onbestelbaar`, `niet (af)?geleverd`, `niet bezorgd`, `kan niet worden (bezorgd|afgeleverd)`, `bezorging mislukt`,
		`não (foi )?entregue`, `não (é|foi) possível entregar`, `não pôde ser entregue`, `falha (na|de|ao) entreg`, `devolvid`, `não é possível`,
		`olevererbar`, `kan inte levereras`, `gick inte att leverera`, `kan ikke leveres`, `ikke levert`, `ei voi(da)? toimittaa`, `toimitus epäonnistui`,
		`nie można dostarczyć`, `niedostarcz`, `nie dostarczono`, `nedoručiteln`, `nedoručen`, `kézbesíthetetlen`, `nem kézbesíthető`, `teslim edile(mez|medi|meyen)`,
		`недостав`, `не доставлен`, `не удалось достав`, `не может быть доставлен`, `ошибка (доставки|отправки)`, `παραδοθ`, `αδύνατη η παράδοση`,
		`配信(不能|できま|に失敗|エラー)`, `配達(不能|でき)`, `未達`, `不達`, `送信(エラー|できま|失敗)`, `エラーメール`, `届きません`, `无法(投递|送达|传递|发送)`, `退信`, `未(送达|傳遞)`, `無法(傳遞|遞送)`, `(投递|发送|传送)失败`, `배달되지`, `반송`, `전송 실패`, `전달할 수 없`,
	)
	// Subjects of reports that do not say what they report.
	reportSubject  = anyOf(`(mail|message)? ?delivery (status|notification|report|subsystem|attempt)`, `message (status|delivery)`, `zustell(ung|status|bericht)`, `rapport de remise`, `notification d.état`, `notificación de estado`, `配信(状況|通知)`)
	successSubject = anyOf(`^\s*delivered:`, `success(ful(ly)?)? (mail )?deliver`, `delivery status notification \(success\)`, `return receipt \(delivered\)`, `^\s*zugestellt:`, `^\s*remis ?:`, `^\s*entregado:`, `^\s*consegnato:`, `^\s*bezorgd:`)
	relaySubject   = anyOf(`^\s*relayed:`, `delivery status notification \(relay\)`, `^\s*weitergeleitet:`, `^\s*relayé ?:`)
	receiptSubject = anyOf(
		`^\s*(read|not read|gelesen|nicht gelesen|lu|non lu|leído|no leído|letto|non letto|gelezen|niet gelezen|lida|lido|não lid[ao]|läst|oläst|læst|lest|luettu|przeczytano|nieprzeczytane|přečteno|прочитано|прочтено|не прочтено|okundu|開封済み|已读|已讀|읽음) ?[:：]`,
		`^\s*return receipt\b`, `^\s*read receipt\b`, `^\s*(disposition notification|lesebestätigung|accusé de (lecture|réception)|confirmación de lectura|ricevuta di lettura|leesbevestiging|開封確認|已读回执)`,
	)
	absenceSubject = anyOf(
		`out[- ]of[- ](the[- ])?office`, `\booo\b`, `\boof\b`, `^\s*automatic reply\b`, `automatische (antwort|reaktion)`, `automatisch antwoord`, `abwesen`, `nicht im (büro|hause?|dienst)`, `außer haus`, `ausser haus`, `urlaub`,
		`réponse automatique`, `absen(ce|t)`, `en congés?`, `respuesta automática`, `fuera de (la )?oficina`, `ausen(te|cia)`, `risposta automatica`, `fuori (ufficio|sede)`, `assen(te|za)`, `afwezig`, `niet aanwezig`,
		`resposta automática`, `ausência`, `fora do escritório`, `autosvar`, `automatiskt? svar`, `frånvar`, `fravær`, `poissa`, `automaattinen vastaus`, `autom\. vast`, `automatyczna odpowiedź`, `odpowiedź automatyczna`, `nieobecn`, `automatická odpověď`, `nepřítom`, `automatikus válasz`, `házon kívül`,
		`автоматический ответ`, `автоответ`, `вне офиса`, `отсутств`, `нет на месте`, `otomatik yanıt`, `ofis dışı`, `自動応答`, `不在`, `自动答复`, `外出`, `不在办公室`, `자동 (회신|응답)`, `부재`,
		`\bvacation\b`, `on (holiday|leave|maternity|annual)`, `away from (my|the|his|her)`, `\baway\b.{0,20}(message|notice|until)`, `vacances`, `vacaciones`, `in ferie\b`, `vakantie`, `férias`, `semester`,
	)
	// What Exchange puts before the subject, and nobody else.
	absencePrefix    = anyOf(`^(out of (the )?office( autoreply)?|automatic reply|auto(matische)? antwort|abwesenheitsnotiz|réponse automatique|absence du bureau|respuesta automática|fuera de (la )?oficina|risposta automatica|fuori (sede|ufficio)|afwezig(heidsbericht)?|niet aanwezig|automatisch antwoord|resposta automática|autosvar|automatiskt svar|automaattinen vastaus|odpowiedź automatyczna|automatická odpověď|automatikus válasz|автоматический ответ|otomatik yanıt|自動応答|自动答复|자동 회신) ?[:：]`)
	autoSubject      = anyOf(`auto(matic|mated)?[- ]?(reply|response|respond|answer)`, `autoreply`, `^\s*auto:`, `自動返信`, `自动回复`, `自動回覆`, `answering machine`, `acknowledg`, `(ticket|case|request|message) (has been |was )?(received|created|opened)`, `thank(s| you) for (your|contacting)`, `eingangsbestätigung`)
	challengeSubject = anyOf(`please confirm (your|that)`, `confirm(ation)? (required|requested|your (message|e-?mail))`, `\bverify (your|that)`, `verification (required|needed|requested)`, `challenge`, `please authenticate`, `action required to deliver`, `sender verification`, `your (e-?mail|message) (to .{1,80} )?requires? (verification|confirmation)`, `bitte bestätigen sie`, `antispam uol`, `unconfirmed message`)
)

// subjectOfReport tells whether a subject, in lower case, is one that machines give.
func subjectOfReport(subject string) bool {
	for _, p := range []phrases{failureSubject, delaySubject, reportSubject, successSubject, relaySubject, receiptSubject, absenceSubject, autoSubject, challengeSubject} {
		if p.in(subject) {
			return true
		}
	}
	return false
}

// What texts say.
var (
	delayText = anyOf(
		`this is a warning( message)? only`, `warning message only`, `do(n't| not) need to re-?send`, `no need to re-?send`, `you need not re-?send`, `need not (do|take) any(thing)?`, `will (keep|continue) (on )?(trying|to (try|attempt|be))`, `(delivery|it|they|message|attempts?) will (continue|be (re)?tried|be retried|be attempted)`, `will try again`, `will retry`, `still (being )?(trying|tried|attempting|retr)`, `continue to (try|be retried|be attempted)`,
		`(message|mail|delivery)[^.\n]{0,60} (has|have) been delayed`, `has not (yet )?been delivered( yet)?[^.]{0,60}(will|yet|but)`, `not yet been delivered`, `has been (temporarily )?(delayed|deferred|postponed)`, `delivery (is |was )?delayed`, `delivery to the following recipients? (has been|is|was) delayed`,
		`verzögert sich`, `wurde (vorübergehend )?verzögert`, `noch nicht zugestellt`, `wird weiter(hin)? versuch`, `erneut zu senden brauchen`, `a été (retardé|différé)`, `n.a pas encore été (remis|livré)`, `se ha retrasado`, `todavía no se ha`, `aún no se ha entregado`, `sufrido un retraso`, `è stat[oa] ritardat`, `non è ancora stat`, `is vertraagd`, `nog niet (bezorgd|afgeleverd)`, `foi adiada`, `ainda não foi entregue`, `ещё не доставлен`, `пока не доставлен`, `задержан`, `遅延`, `まだ配信`, `尚未送达`, `延迟`,
	)
	failureText = anyOf(
		`undeliver(able|ed)`, `return(ed|ing) (it |your |the |this )?(to (the )?sender|message|mail|e-?mail|unopened|below)`, `(could|can|would|was|were|has|have|had|did|is|been|be)( ?not|n't) (be |been |able to |being |get |reach |successfully )*(deliver|reach|sen[dt]|accept|process|forward|transmit|transfer|complete|relay|store)`, `(unable|not able|failed|failing|failure) (to|in) (be )?(deliver|send|reach|rout|relay|transmit|transfer|complet|process|attempt)`,
		`delivery[^.\n]{0,80}(fail|not possible|impossible|abandon|error|unsuccessful|aborted|stopped|prevented|not be)`, `(permanent|fatal|delivery|addressing|transport|unrecoverable)[a-z, -]{0,20} (errors?|failures?)`, `(message|mail|e-?mail|it)[^.\n]{0,60} (was|has been|were|is) (not delivered|rejected|refused|blocked|bounced|returned|discarded|deleted|dropped|denied|undeliver)`, `giving up`, `gave up`, `i'?ve given up`, `failed (permanently|recipient|to deliver)`, `non-?deliver`, `no such (user|mailbox|recipient|address|account|person)`, `(user|recipient|address|mailbox|account)s? ?(is |are |was )?(unknown|not (found|known|listed)|invalid|disabled|full|over ?quota|does(n't| not) exist)`, `(unknown|invalid|nonexistent|bad|illegal) ?(local )?(user|recipient|address|mailbox|host|domain|destination)`, `not a (valid|known) (user|mailbox|recipient|address)`, `unrout(e)?able`, `has been rejected`, `blocked`, `problems? (delivering|with (the )?delivery|occurred)`, `following (recipient|address|destination|user)s? (fail|had|was|were|are|is|could|did|cannot|can't|has)`, `failed addresses? follow`, `error(s)? (while|occurred|was|in|from|during|deliver)`, `expired`,
		`unzustellbar`, `nicht zugestellt`, `konnte[n]? nicht`, `kann nicht (zugestellt|übermittelt)`, `zustellung[^.\n]{0,60}(fehl|nicht)`, `n.a (pas )?(pu|été)[^.\n]{0,30}(pas )?(remis|délivr|distribu|livr|achemin)`, `échec`, `impossible de (remettre|livrer|délivrer)`, `n.a pas (pu être|été)`, `no se (pudo|puede|ha podido|ha)[^.\n]{0,30}entreg`, `no (pudo|ha podido) (ser )?entreg`, `non (è stato possibil.|è stat|ha raggiunto|può essere|consegna)`, `impossibil. (recapitare|consegnare)`, `niet (worden )?(af)?geleverd`, `niet worden (bezorgd|verzonden)`, `kan niet worden bezorgd`, `não (pôde|foi|pode)[^.\n]{0,30}entreg`, `kunde inte levereras`, `kunne ikke leveres`, `не (удалось|может быть|была?|было) (достав|отправ)`, `недостав`, `nie (można|mogła|została)[^.\n]{0,30}dostarcz`,
		`配信(でき|され|に失敗|不能)`, `配達(でき|され|不能)`, `届け(る|でき)`, `送信できま`, `存在しな`, `見つかりま`, `无法(投递|送达|传递|发送)`, `退回`, `不存在`, `無法(傳遞|遞送)`, `전달할 수 없`, `배달되지`,
	)
	absenceText = anyOf(
		`out of (the )?office`, `(on|am on|on a) (holiday|vacation|annual leave|leave|sick leave|business trip|maternity)`, `(i am|i'm|i will be|i'll be|currently|is) (away|absent|travell?ing|out of)`, `will (be back|return|respond|reply|read|answer)[^.\n]{0,60}(on|when|after|upon|as soon)`, `away from (my|the) (desk|mail|e-?mail|office)`, `limited access to (my )?e-?mail`, `no longer (with|work|employed)`, `i am (currently )?not (in|available|at)`,
		`nicht im (büro|hause?)`, `abwesen`, `urlaub`, `bin (ich )?(derzeit |zurzeit |zur zeit |momentan )?nicht`, `außer haus`, `wieder (erreichbar|im büro|da)`, `en congés?`, `absente? (du|de|jusqu)`, `de retour le`, `fuera de (la )?oficina`, `estaré (fuera|ausente)`, `vacaciones`, `fuori (ufficio|sede)`, `in ferie`, `sono assente`, `afwezig`, `niet aanwezig`, `vakantie`, `fora do escritório`, `férias`, `ausente`, `nieobecn`, `urlop`, `отпуск`, `отсутств`, `не на месте`, `semester`, `frånvarande`, `不在`, `休暇`, `外出`, `休假`, `출장`, `휴가`,
	)
	challengeText = anyOf(
		`(click|follow|visit|go to|use)[^.\n]{0,80}(link|url|here|below|page|site)[^.]{0,120}(confirm|verif|authenticat|prove|deliver(ed)? (your|the)|release|approv)`, `(prove|verify|confirm|show)( to us)? (that )?(you are|you're|yourself|your identity|you sent|your e-?mail (address|is)|the sender|sender)[^.\n]{0,60}`, `(a |real )?(human|person)( being)?,? (and )?not (a |an )?(machine|robot|computer|spam|automated)`, `reply to this (e-?mail|message|mail)[^.\n]{0,80}(confirm|deliver|verif|approv|release|without)`, `simply reply to`, `(approved|white|guest|allow(ed)?|friends?|safe)[- ]?(senders?|list)\b[^.\n]{0,80}(add|confirm|verif|click|reply)`, `first (e-?mail|message|time)[^.\n]{0,80}(confirm|verif|from this address|click)`, `challenge[-/ ]response`, `held (until|pending)[^.\n]{0,80}(confirm|verif|authenticat|repl)`, `confirm (your|that your|delivery of|this) (message|e-?mail|mail|request)`, `one[- ]time (confirmation|verification)`, `spam ?arrest|boxbe|tmda|qurb|choicemail|mailblocks|spamblocker|qsecretary|bluebottle|digiportal`, `bestätigen sie[^.\n]{0,60}(nachricht|absender|e-?mail)`, `einmalig[^.\n]{0,30}bestätig`,
	)
	receiptText = anyOf(`(was|has been) (read|opened|displayed|seen)\b`, `return receipt`, `read receipt`, `wurde.{0,60}(gelesen|angezeigt|geöffnet)`, `a été (lu|affiché|ouvert)`, `(fue|ha sido) (leído|abierto|mostrado)`, `è stato (letto|visualizzato)`, `is gelezen`, `foi (lid[oa]|exibid)`, `開封`, `已读`, `прочитан`)
	successText = anyOf(`(was|has been|were) successfully (delivered|relayed)`, `successful(ly)? (deliver|receiv)`, `delivered successfully`, `wurde (erfolgreich )?zugestellt`, `a (bien )?été remis`)
)
