//! Two other programs say the same of our trees: `tlog_tiles` and `ct-merkle`.

use std::fs;
use std::path::PathBuf;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use quell_audit_verify::{Key, check_consistency, check_inclusion, check_proof};
use sha2::Sha256;
use tlog_tiles::{Tile, TileHashReader, TileReader};

use super::world::{check, filled};
use crate::edge::Edge;
use crate::{Reader, layout, leaf_hash};

/// Gives the other program the files as they stand.
struct Disk(PathBuf);

impl TileReader for Disk {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let path = |tile: &Tile| {
            layout::tile(&self.0, tile.level(), tile.level_index(), tile.width() as usize)
        };
        Ok(tiles.iter().map(|tile| fs::read(path(tile)).unwrap()).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn roots_of_all_small_trees_are_those_of_others() {
    let (mut edge, mut full) = (Edge::default(), Vec::new());
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut growing = quell_audit_verify::Growing::default();
    for number in 0..1_400_u32 {
        assert_eq!(edge.root().as_slice(), other.root().as_bytes().as_slice(), "{number}");
        assert_eq!(edge.root(), growing.root(), "{number}");
        let leaf = number.to_be_bytes().to_vec();
        edge.push(leaf_hash(&leaf), &mut full);
        growing.push(leaf_hash(&leaf));
        other.push(leaf);
    }
    assert_eq!(full.len(), 5);
}

#[test]
fn proofs_are_the_same_bytes_as_those_of_others() {
    let (_folder, place) = filled(1_111);
    let mut reader = Reader::open(&place.folder).unwrap();
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (_, leaf) in reader.leaves(0, 2_000).unwrap() {
        other.push(leaf);
    }
    let (size, root) = (reader.size(), reader.checkpoint().root);
    assert_eq!(other.root().as_bytes().as_slice(), root);
    let disk = Disk(place.folder.clone());
    let tiles = TileHashReader::new(size, tlog_tiles::Hash(root), &disk);
    let key = fs::read_to_string(place.folder.join("key.pub")).unwrap();
    let key = Key::parse(&key).unwrap();
    for index in (0..size).step_by(37).chain([255, 256, 1023, 1024, 1110]) {
        let mine = reader.inclusion(index).unwrap();
        let theirs = other.prove_inclusion(usize::try_from(index).unwrap());
        assert_eq!(mine.path.concat(), theirs.as_bytes(), "{index}");
        let third = tlog_tiles::prove_record(size, index, &tiles).unwrap();
        assert_eq!(third.iter().map(|hash| hash.0).collect::<Vec<_>>(), mine.path, "{index}");
        let leaf = leaf_hash(&mine.leaf);
        check_inclusion((index, &leaf), (size, &root), &mine.path).unwrap();
        let proved = check_proof(&mine.text(), &mine.leaf, std::slice::from_ref(&key)).unwrap();
        assert_eq!((proved.index, proved.head.size), (index, size));
        let other_leaf = leaf_hash(b"another");
        assert!(check_inclusion((index, &other_leaf), (size, &root), &mine.path).is_err());
        assert!(check_inclusion(((index + 1) % size, &leaf), (size, &root), &mine.path).is_err());
    }
    for old in [1, 2, 3, 255, 256, 257, 512, 700, 1024, 1110, 1111] {
        let mine = reader.consistency(old).unwrap();
        let added = usize::try_from(size - old).unwrap();
        assert_eq!(mine.concat(), other.prove_consistency(added).as_bytes(), "{old}");
        let then = reader.root_at(old).unwrap();
        check_consistency((old, &then), (size, &root), &mine).unwrap();
        let hashes: Vec<_> = mine.iter().map(|hash| tlog_tiles::Hash(*hash)).collect();
        let (now, then) = (tlog_tiles::Hash(root), tlog_tiles::Hash(then));
        tlog_tiles::check_tree(&hashes, size, now, old, then).unwrap();
        let wrong = leaf_hash(b"another");
        assert!(check_consistency((old, &wrong), (size, &root), &mine).is_err());
    }
}

#[test]
fn a_log_is_sound_at_every_size_around_the_edges_of_its_files() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513, 1023, 1025] {
        let (_folder, place) = filled(size);
        let report = check(&place);
        assert!(report.is_sound(), "{size}: {:?}", report.faults);
        assert_eq!(report.size, u64::try_from(size).unwrap());
        let note = fs::read(place.folder.join("checkpoint")).unwrap();
        let text = note.split(|b| *b == b'\n').take(3).collect::<Vec<_>>().join(&b'\n');
        let head = tlog_tiles::Checkpoint::from_bytes(&[text, b"\n".to_vec()].concat()).unwrap();
        assert_eq!(head.size(), report.size);
    }
}
