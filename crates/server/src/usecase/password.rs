//! Passwords: argon2id, away from the threads that answer requests.

use crate::error::{Result, ServerError};
use crate::surroundings::Entropy;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Longest password that is hashed, in bytes.
const PASSWORD_BYTES_MAX: usize = 256;

/// Hashes made at the same time at most: each takes a core and 19 MiB.
static HASHING: Semaphore = Semaphore::const_new(4);

async fn turn() -> Result<SemaphorePermit<'static>> {
    HASHING.acquire().await.map_err(|_| ServerError::Broken("hashing was closed"))
}

/// The hash under which a password is kept.
pub async fn hash(password: String) -> Result<String> {
    let turn = turn().await?;
    let hash = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also when nobody waits for it any more.
        let _turn = turn;
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    let hash = hash.await.map_err(|_| ServerError::Broken("hashing was cut off"))?;
    hash.map_err(|_| ServerError::Broken("a password cannot be hashed"))
}

/// Whether a password is the one a hash was made of. Takes as long without a
/// hash as with one, so that nothing is learnt about which accounts exist.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let turn = turn().await?;
    let verified = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let Some(hash) = hash else {
            let _same_effort = Argon2::default().hash_password(password.as_bytes());
            return false;
        };
        PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    verified.await.map_err(|_| ServerError::Broken("verifying was cut off"))
}

/// A password for a person to type once: four groups of four.
///
/// # Errors
/// When there are no random bytes.
pub fn generate(entropy: &dyn Entropy) -> Result<String> {
    const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes)?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 31)]);
    let letters: Vec<char> = bytes.iter().map(letter).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_taken() {
        let password = generate(&crate::surroundings::System).unwrap();
        let stored = hash(password.clone()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify(password.clone(), Some(stored.clone())).await.unwrap());
        assert!(!verify(format!("{password}x"), Some(stored)).await.unwrap());
        assert!(!verify(password, None).await.unwrap());
    }
}
