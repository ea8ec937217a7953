//! A platform with two sides, asked as the server asks it.
