//! The device's command line: pair, status, proxy, forget.
