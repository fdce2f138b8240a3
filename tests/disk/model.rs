//! A file system in memory: the tree, and its operations when nothing goes wrong.

use std::io;
use std::path::{Component, Path};

use fasti_kit::seeded::Seeded;

use crate::node::{Dir, File, Mood};

/// How far an operation gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// A write puts down half its bytes, the removal of a directory removes half its names,
    /// everything else does nothing.
    Half,
}

#[derive(Clone, Debug)]
enum Node {
    File(File),
    Dir(Dir),
}

/// The file system. Nodes are never freed: a test's disk is small.
#[derive(Clone, Debug)]
pub struct Model {
    nodes: Vec<Node>,
    /// Every content ever given to a file named `checkpoint`, in order: what readers may have seen.
    pub shown: Vec<Vec<u8>>,
}

const ROOT: usize = 0;

pub fn error(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Model {
    pub fn new() -> Self {
        Self { nodes: vec![Node::Dir(Dir::default())], shown: Vec::new() }
    }

    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.file(self.resolve(path)?)?.cached.clone())
    }

    /// Truncates the file at `path`, or creates it.
    pub fn create(&mut self, path: &Path) -> io::Result<usize> {
        if let Ok(node) = self.resolve(path) {
            self.file_mut(node)?.truncate();
            return Ok(node);
        }
        self.nodes.push(Node::File(File::default()));
        let node = self.nodes.len() - 1;
        self.set(path, Some(node))?;
        Ok(node)
    }

    /// Writes into a file, which grows if the bytes reach beyond its end.
    pub fn write_at(
        &mut self,
        node: usize,
        offset: u64,
        bytes: &[u8],
        extent: Extent,
    ) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| error(22))?;
        let length = if extent == Extent::Half { bytes.len() / 2 } else { bytes.len() };
        self.file_mut(node)?.write_at(start, &bytes[..length]);
        Ok(())
    }

    /// Overwrites a file from its beginning.
    pub fn write_again(&mut self, path: &Path, bytes: &[u8], extent: Extent) -> io::Result<()> {
        self.write_at(self.resolve(path)?, 0, bytes, extent)
    }

    pub fn read_at(&self, node: usize, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let start = usize::try_from(offset).map_err(|_| error(22))?;
        let bytes = self.file(node)?.cached.get(start..start + length);
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.resolve(from)?;
        self.show(node, to)?;
        self.set(to, Some(node))?;
        self.set(from, None)
    }

    pub fn link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.resolve(from)?;
        if self.resolve(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.show(node, to)?;
        self.set(to, Some(node))
    }

    fn show(&mut self, node: usize, path: &Path) -> io::Result<()> {
        if path.ends_with("checkpoint") {
            let shown = self.file(node)?.cached.clone();
            self.shown.push(shown);
        }
        Ok(())
    }

    pub fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let mut dir = ROOT;
        for name in names(path) {
            let there = self.dir(dir)?.cached.get(name).copied();
            dir = if let Some(node) = there {
                node
            } else {
                self.nodes.push(Node::Dir(Dir::default()));
                let node = self.nodes.len() - 1;
                self.dir_mut(dir)?.set(name, Some(node));
                node
            };
        }
        self.dir(dir).map(|_| ())
    }

    pub fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.file(self.resolve(path)?)?;
        self.set(path, None)
    }

    pub fn remove_dir_all(&mut self, path: &Path, extent: Extent) -> io::Result<()> {
        let node = self.resolve(path)?;
        let names = self.list(path)?;
        let removed = if extent == Extent::Half { names.len() / 2 } else { names.len() };
        for name in &names[..removed] {
            self.dir_mut(node)?.set(name, None);
        }
        if extent == Extent::Whole { self.set(path, None) } else { Ok(()) }
    }

    pub fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        Ok(self.dir(self.resolve(path)?)?.cached.keys().cloned().collect())
    }

    pub fn sync_file(&mut self, node: usize) -> io::Result<()> {
        self.file_mut(node)?.sync();
        Ok(())
    }

    pub fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let node = self.resolve(path)?;
        self.dir_mut(node)?.sync();
        Ok(())
    }

    pub fn sync_everything(&mut self) {
        for node in &mut self.nodes {
            match node {
                Node::File(file) => file.sync(),
                Node::Dir(dir) => dir.sync(),
            }
        }
    }

    /// Loses the dirty content of every file; see [`File::lose`]. Names are not lost: a journal
    /// that cannot be written stops the whole file system. Returns the files.
    pub fn lose_everything(&mut self, random: &mut Seeded) -> Vec<usize> {
        let mut lost = Vec::new();
        for (n, node) in self.nodes.iter_mut().enumerate() {
            if let Node::File(file) = node
                && file.lose(random)
            {
                lost.push(n);
            }
        }
        lost
    }

    /// Cuts the power and restores it.
    pub fn cut(&mut self, random: &mut Seeded) {
        let mood = Mood::any(random);
        for node in &mut self.nodes {
            match node {
                Node::File(file) => file.cut(mood, random),
                Node::Dir(dir) => dir.cut(mood, random),
            }
        }
    }

    pub fn resolve(&self, path: &Path) -> io::Result<usize> {
        let mut node = ROOT;
        for name in names(path) {
            node = self.dir(node)?.cached.get(name).copied().ok_or_else(not_found)?;
        }
        Ok(node)
    }

    fn set(&mut self, path: &Path, node: Option<usize>) -> io::Result<()> {
        let dir = self.resolve(path.parent().ok_or_else(not_found)?)?;
        let name = names(path).last().ok_or_else(not_found)?;
        self.dir_mut(dir)?.set(name, node);
        Ok(())
    }

    fn file(&self, node: usize) -> io::Result<&File> {
        match &self.nodes[node] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn file_mut(&mut self, node: usize) -> io::Result<&mut File> {
        match &mut self.nodes[node] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn dir(&self, node: usize) -> io::Result<&Dir> {
        match &self.nodes[node] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn dir_mut(&mut self, node: usize) -> io::Result<&mut Dir> {
        match &mut self.nodes[node] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }
}

fn names(path: &Path) -> impl Iterator<Item = &str> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    })
}
