//! Photo to faces, quality and similarity.
