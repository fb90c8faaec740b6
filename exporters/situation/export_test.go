package situation

// Book stands in for incident.Book.
type Book = book

// With gives the board another book.
func (b *Board) With(other Book) *Board { b.book = other; return b }

// Cleaned is what the book is given of a change.
var Cleaned = cleaned
