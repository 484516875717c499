//! A bounded map that forgets what was not asked for lately.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Two generations of at most half the capacity each: a hit in the older one moves to the younger,
/// and when the younger is full the older is dropped whole. Every operation takes constant time.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    half: usize,
    generations: Mutex<Generations<K, V>>,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V, Seed>,
    old: HashMap<K, V, Seed>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn new(capacity: usize, seed: Seed) -> Self {
        let generations = Generations { young: HashMap::with_hasher(seed), old: HashMap::with_hasher(seed) };
        Self { half: (capacity / 2).max(1), generations: Mutex::new(generations) }
    }

    pub(crate) fn find(&self, key: &K) -> Option<V> {
        let mut generations = self.lock();
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let value = generations.old.remove(key)?;
        self.put(&mut generations, key.clone(), value.clone());
        Some(value)
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        let mut generations = self.lock();
        generations.old.remove(&key);
        self.put(&mut generations, key, value);
    }

    pub(crate) fn remove(&self, key: &K) {
        let mut generations = self.lock();
        generations.young.remove(key);
        generations.old.remove(key);
    }

    fn put(&self, generations: &mut Generations<K, V>, key: K, value: V) {
        if generations.young.len() >= self.half && !generations.young.contains_key(&key) {
            let Generations { young, old } = generations;
            std::mem::swap(young, old);
            young.clear();
        }
        generations.young.insert(key, value);
    }

    /// A panic elsewhere cannot leave a map in a state that matters here.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seeds the hash, so that nobody outside can choose keys that collide. Taken from the host's
/// randomness: on wasm the standard library has none of its own.
#[derive(Clone, Copy)]
pub(crate) struct Seed(pub [u8; 16]);

impl BuildHasher for Seed {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.0);
        hasher
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(capacity: usize) -> Cache<u32, u32> {
        Cache::new(capacity, Seed([7; 16]))
    }

    #[test]
    fn it_never_holds_more_than_its_capacity() {
        let cache = cache(10);
        for key in 0..1000 {
            cache.insert(key, key);
            let generations = cache.lock();
            assert!(generations.young.len() + generations.old.len() <= 10);
        }
    }

    #[test]
    fn what_is_asked_for_stays() {
        let cache = cache(10);
        cache.insert(0, 42);
        for key in 1..1000 {
            cache.insert(key, key);
            assert_eq!(cache.find(&0), Some(42));
        }
        assert_eq!(cache.find(&1), None);
    }

    #[test]
    fn what_is_removed_or_replaced_is_not_found_again() {
        let cache = cache(2);
        cache.insert(1, 1);
        cache.insert(2, 2);
        cache.insert(1, 10);
        assert_eq!(cache.find(&1), Some(10));
        cache.remove(&1);
        assert_eq!(cache.find(&1), None);
    }

    #[test]
    fn another_seed_gives_another_hash() {
        assert_ne!(Seed([1; 16]).hash_one(5), Seed([2; 16]).hash_one(5));
    }
}
