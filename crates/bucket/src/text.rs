//! Small texts that are kept in a bucket.

use quell_http::Sizes;

use crate::bucket::{Asked, Bucket, key_path};
use crate::error::BucketError;

impl Bucket {
    /// A text of at most `most_bytes` below the prefix; `None` where there is none.
    ///
    /// # Errors
    /// The store cannot be reached or says no, or the text is too long or no UTF-8.
    pub async fn text(&self, name: &str, most_bytes: u64) -> Result<Option<String>, BucketError> {
        let request = self.request(&key_path(&self.key(name)), Asked::default()).await?;
        let sizes =
            Sizes { received_bytes: most_bytes, decoded_bytes: most_bytes, ..Sizes::default() };
        let reply = match self.client().send(&request.sizes(sizes)).await {
            Ok(reply) => reply,
            Err(error) => {
                let error = self.told(error);
                // Nothing stands under that key.
                let is_none = matches!(error, BucketError::Changed);
                return if is_none { Ok(None) } else { Err(error) };
            }
        };
        let text = String::from_utf8(reply.into_body().to_vec());
        text.map(Some).map_err(|_| self.malformed("it is no UTF-8"))
    }

    /// Puts a text below the prefix, in the place of one that was there.
    ///
    /// # Errors
    /// The store cannot be reached or says no.
    pub async fn put_text(&self, name: &str, text: &str) -> Result<(), BucketError> {
        let asked = Asked { text: Some(text), ..Asked::default() };
        let request = self.request(&key_path(&self.key(name)), asked).await?;
        self.client().send(&request).await.map(drop).map_err(|error| self.told(error))
    }
}
