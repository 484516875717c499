//! A bounded map that evicts the entries that were not used lately.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A cache of two generations with half the capacity each. A hit in the older one moves to the
/// younger; when the younger is full, the older is dropped. Every operation takes constant time.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    /// The capacity of one generation.
    most: Room,
    generations: Mutex<Generations<K, V>>,
}

/// A capacity: the number of entries, and their weight in a unit that the owner of the cache
/// chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) entries: usize,
    pub(crate) weight: usize,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, Weighed<V>, Seed>,
    old: HashMap<K, Weighed<V>, Seed>,
    /// The weight of the younger generation.
    weight: usize,
}

#[derive(Debug, Clone)]
struct Weighed<V> {
    value: V,
    weight: usize,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// Makes a cache for this number of entries without weight.
    pub(crate) fn new(capacity: usize, seed: Seed) -> Self {
        Self::bounded(Room { entries: capacity, weight: usize::MAX }, seed)
    }

    pub(crate) fn bounded(room: Room, seed: Seed) -> Self {
        let (young, old) = (HashMap::with_hasher(seed), HashMap::with_hasher(seed));
        let most = Room { entries: (room.entries / 2).max(1), weight: room.weight / 2 };
        Self { most, generations: Mutex::new(Generations { young, old, weight: 0 }) }
    }

    pub(crate) fn find<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let mut generations = self.lock();
        if let Some(found) = generations.young.get(key) {
            return Some(found.value.clone());
        }
        let (key, found) = generations.old.remove_entry(key)?;
        let value = found.value.clone();
        self.put(&mut generations, key, found);
        Some(value)
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        self.insert_weighing(key, value, 0);
    }

    /// Inserts an entry, unless it is heavier than half of the cache.
    pub(crate) fn insert_weighing(&self, key: K, value: V, weight: usize) {
        let mut generations = self.lock();
        generations.remove(&key);
        if weight <= self.most.weight {
            self.put(&mut generations, key, Weighed { value, weight });
        }
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.lock().remove(key);
    }

    pub(crate) fn clear(&self) {
        let mut generations = self.lock();
        generations.young.clear();
        generations.old.clear();
        generations.weight = 0;
    }

    /// Adds an entry whose key is in neither generation.
    fn put(&self, generations: &mut Generations<K, V>, key: K, value: Weighed<V>) {
        let weight = generations.weight.saturating_add(value.weight);
        if generations.young.len() >= self.most.entries || weight > self.most.weight {
            let Generations { young, old, .. } = generations;
            std::mem::swap(young, old);
            young.clear();
            generations.weight = 0;
        }
        generations.weight += value.weight;
        generations.young.insert(key, value);
    }

    /// Ignores poisoning: a panic under the lock cannot leave the maps in a harmful state.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Generations<K, V> {
    fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.old.remove(key);
        if let Some(removed) = self.young.remove(key) {
            self.weight -= removed.weight;
        }
    }
}

/// Seeds the hash, so that clients cannot choose keys that collide. It comes from the host's
/// randomness, because the standard library has no source of it on wasm.
#[derive(Clone, Copy)]
pub(crate) struct Seed(pub [u8; 16]);

impl Seed {
    /// Returns half of it as a number.
    pub(crate) fn number(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

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

    fn weight_of(generation: &HashMap<usize, Weighed<usize>, Seed>) -> usize {
        generation.values().map(|entry| entry.weight).sum()
    }

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
    fn it_never_holds_more_than_its_weight() {
        let cache = Cache::bounded(Room { entries: 1000, weight: 100 }, Seed([7; 16]));
        for key in 0..1000_usize {
            cache.insert_weighing(key % 50, key, key % 60);
            cache.find(&(key % 7));
            let generations = cache.lock();
            assert_eq!(weight_of(&generations.young), generations.weight);
            assert!(generations.weight <= 50 && weight_of(&generations.old) <= 50);
        }
        assert_eq!(cache.find(&9), None, "59 is more than half of 100");
        cache.insert_weighing(9, 1, 50);
        assert_eq!(cache.find(&9), Some(1));
        cache.insert_weighing(9, 2, 51);
        assert_eq!(cache.find(&9), None, "the earlier value must not remain");
    }

    #[test]
    fn entries_in_use_stay() {
        let cache = cache(10);
        cache.insert(0, 42);
        for key in 1..1000 {
            cache.insert(key, key);
            assert_eq!(cache.find(&0), Some(42));
        }
        assert_eq!(cache.find(&1), None);
    }

    #[test]
    fn removed_and_replaced_values_are_not_found_again() {
        let cache = cache(2);
        cache.insert(1, 1);
        cache.insert(2, 2);
        cache.insert(1, 10);
        assert_eq!(cache.find(&1), Some(10));
        cache.remove(&1);
        assert_eq!(cache.find(&1), None);
        cache.clear();
        assert_eq!(cache.find(&2), None);
    }

    #[test]
    fn another_seed_gives_another_hash() {
        assert_ne!(Seed([1; 16]).hash_one(5), Seed([2; 16]).hash_one(5));
    }
}
