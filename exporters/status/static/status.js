// Keeps the page up to date: fetches it again when the server says that there is another,
// or every half minute if the server cannot say, and puts in what has changed. Without
// this the page is complete and stays as it is.
"use strict";
(() => {
	const main = document.getElementById("content");
	const live = document.getElementById("live");
	const stale = document.getElementById("stale");
	const words = document.body.dataset;
	const pollEvery = 30e3;
	const served = new Map(); // the parts of the page as the server made them, by id
	let last = ""; // the page as it was fetched last
	let ahead = 0; // of the server's clock, in ms
	let fetching = null;
	let again = false;
	let source = null;

	const sentence = () => document.getElementById("headline").textContent;
	const clock = () => { ahead = main.dataset.now * 1e3 - Date.now(); };
	const lost = (is) => {
		const text = is ? words.stale.replace("{time}", main.dataset.clock) : "";
		if (stale.textContent !== text) stale.textContent = text;
	};

	// What has the focus is found again by its id, its address, or its place.
	const reachable = "a[href], button, input, select, textarea, summary, [tabindex]";
	function place(part) {
		const element = document.activeElement;
		if (!element || !part.contains(element)) return null;
		return { id: element.id, href: element.getAttribute("href"), n: [...part.querySelectorAll(reachable)].indexOf(element) };
	}
	function focus(part, was) {
		const all = [...part.querySelectorAll(reachable)];
		const element = (was.id && document.getElementById(was.id)) ||
			(was.href && all.find((e) => e.getAttribute("href") === was.href)) || all[was.n] || main;
		element.focus({ preventScroll: true });
	}

	function replace(old, part) {
		const was = place(old);
		for (const open of old.querySelectorAll("details[id][open]")) {
			const same = part.querySelector("#" + CSS.escape(open.id));
			if (same) same.open = true;
		}
		const scrolled = [...old.querySelectorAll(".wide")].map((e) => e.scrollLeft);
		old.replaceWith(part);
		part.querySelectorAll(".wide").forEach((e, n) => { e.scrollLeft = scrolled[n] || 0; });
		if (was) focus(part, was);
	}

	function swap(page) {
		const fresh = page.getElementById("content");
		const before = sentence();
		const top = [...main.children].find((e) => e.getBoundingClientRect().bottom > 0);
		const at = top && top.getBoundingClientRect().top;
		const wanted = new Set([...fresh.children].map((e) => e.id));
		for (const old of [...main.children]) {
			if (wanted.has(old.id)) continue;
			if (old.contains(document.activeElement)) main.focus({ preventScroll: true });
			old.remove();
			served.delete(old.id);
		}
		let here = main.firstElementChild;
		for (const part of [...fresh.children]) {
			const html = part.outerHTML;
			const old = document.getElementById(part.id);
			if (!old) main.insertBefore(part, here);
			else {
				if (old !== here) main.insertBefore(old, here);
				if (served.get(part.id) !== html) replace(old, part);
				here = document.getElementById(part.id).nextElementSibling;
			}
			served.set(part.id, html);
		}
		Object.assign(main.dataset, fresh.dataset);
		document.documentElement.className = page.documentElement.className;
		document.title = page.title;
		document.getElementById("icon").href = page.getElementById("icon").getAttribute("href");
		document.querySelector("footer").replaceChildren(...page.querySelector("footer").childNodes);
		const same = top && top.id && document.getElementById(top.id);
		if (same && window.scrollY > 0) window.scrollBy({ top: same.getBoundingClientRect().top - at, behavior: "instant" });
		if (sentence() !== before) live.textContent = sentence();
	}

	async function update() {
		if (fetching) { again = true; return; }
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(), 20e3);
		fetching = limit;
		try {
			const answer = await fetch(location.pathname, { cache: "no-cache", signal: limit.signal });
			if (!answer.ok) throw new Error(answer.status);
			const text = await answer.text();
			if (text !== last) {
				const page = new DOMParser().parseFromString(text, "text/html");
				if (page.getElementById("content")) swap(page);
				last = text;
			}
			clock();
			count();
			lost(false);
		} catch {
			lost(true);
		} finally {
			clearTimeout(timer);
			fetching = null;
		}
		if (again) { again = false; update(); }
	}

	// How long it is to the next update, in whole minutes.
	function count() {
		const now = (Date.now() + ahead) / 1e3;
		for (const left of document.querySelectorAll("[data-due]")) {
			const minutes = Math.ceil((left.dataset.due - now) / 60);
			const text = minutes > 1 ? words.left.replace("{n}", minutes) : minutes > -1 ? words.soon : words.late.replace("{n}", -minutes);
			if (left.textContent !== text) left.textContent = text;
		}
	}

	function listen() {
		if (!window.EventSource) return;
		source = new EventSource(words.events);
		source.addEventListener("page", () => { if (!document.hidden) update(); });
		source.addEventListener("error", () => lost(true));
		source.addEventListener("open", () => update());
	}

	for (const part of main.children) served.set(part.id, part.outerHTML);
	clock();
	count();
	listen();
	setInterval(count, 5e3);
	let polls = 0;
	setInterval(() => {
		if (source && source.readyState === EventSource.OPEN) return;
		polls++;
		if (!document.hidden) update();
		// A server that had too many viewers may have room by now.
		if (source && source.readyState === EventSource.CLOSED && polls % 4 === 0) listen();
	}, pollEvery);
	document.addEventListener("visibilitychange", () => { if (!document.hidden) update(); });
})();
