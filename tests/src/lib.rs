//! The tests of the whole system lie in `tests/tests/system`; this library is empty.
