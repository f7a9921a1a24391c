package rule

// Kept is how many compiled conditions a language keeps.
func Kept[T any](l *Language[T]) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.kept)
}
