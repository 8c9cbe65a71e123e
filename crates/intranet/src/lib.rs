//! A sample intranet for the demo and the tests.
