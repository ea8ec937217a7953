//! Fixes of manifests as text before and after.
