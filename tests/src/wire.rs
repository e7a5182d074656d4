//! Plain HTTP to the office, for what no screen and no tablet would ever send.

use anyhow::Result;

/// An HTTP client for loopback addresses.
///
/// # Errors
/// When it cannot be made.
pub fn client() -> Result<reqwest::Client> {
    // Whoever comes first installs the one provider of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}
