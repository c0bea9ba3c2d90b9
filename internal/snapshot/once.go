package snapshot

import "sync"

// Once returns what make makes of the Snapshot, made only once for a key however many ask, side by side or not: an index that several
// checks need, the reading of a log. Keys are compared by ==; give them a type of their own. A Snapshot without Index remembers nothing.
func Once[T any](s *Snapshot, key any, make func() T) T {
	if s.index.made == nil {
		return make()
	}
	once, ok := s.index.made.Load(key)
	if !ok {
		once, _ = s.index.made.LoadOrStore(key, sync.OnceValue(make))
	}
	return once.(func() T)()
}
