//! The connector against the double.
