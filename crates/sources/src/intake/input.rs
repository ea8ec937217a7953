//! One input: a file, a member of a zip, or stdin, opened as often as needed, decompressed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::avro::{self, Bodies};
use super::{Limits, Unreadable};

/// Bytes hashed at once, on all cores.
const HASHED: usize = 2 << 20;
/// Bytes read at once.
const BUFFER: usize = 256 << 10;
/// What may come out of a compressed input before its ratio is judged.
const JUDGED_AFTER_BYTES: u64 = 64 << 20;

/// One input.
#[derive(Debug)]
pub struct Input {
    name: String,
    size_bytes: u64,
    origin: Origin,
    /// The BLAKE3 hash of what it holds unpacked, where that is known without reading it.
    known_hash: Option<[u8; 32]>,
}

#[derive(Debug)]
enum Origin {
    File(PathBuf),
    Bytes(Arc<[u8]>),
    /// Stdin or a member of a zip, kept in a temporary file so that it can be read twice.
    Spooled(File),
    ZipMember {
        archive: PathBuf,
        index: usize,
    },
}

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The archive is broken.
    #[error("the zip cannot be read: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// Not UTF-8 JSON text.
    #[error("{0}")]
    Encoding(&'static str),
    /// The document around the records is too large or broken.
    #[error("{0}")]
    Envelope(String),
}

impl IntakeError {
    /// Whether the system refused, so that the same bytes may be read another time.
    #[must_use]
    pub fn is_by_system(&self) -> bool {
        match self {
            Self::Io(error) | Self::Zip(zip::result::ZipError::Io(error)) => is_by_system(error),
            Self::Zip(_) | Self::Encoding(_) | Self::Envelope(_) => false,
        }
    }
}

/// Whether an error says something of the system, and nothing of what was read: memory or
/// descriptors that ended, a disk that fails. What is missing or may not be read stays so.
#[must_use]
pub fn is_by_system(error: &io::Error) -> bool {
    let stays = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory
    );
    let of_memory = || {
        let name = zstd::zstd_safe::get_error_name(NO_MEMORY);
        error.kind() == io::ErrorKind::OutOfMemory || error.to_string() == name
    };
    !stays && (error.raw_os_error().is_some() || of_memory())
}

impl Input {
    const fn of(name: String, size_bytes: u64, origin: Origin) -> Self {
        Self { name, size_bytes, origin, known_hash: None }
    }

    pub(super) fn file(path: &Path, size_bytes: u64) -> Self {
        Self::of(path.display().to_string(), size_bytes, Origin::File(path.to_owned()))
    }

    /// A file that people know by another name than its path.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn named(name: String, path: &Path) -> io::Result<Self> {
        let size_bytes = std::fs::metadata(path)?.len();
        Ok(Self::of(name, size_bytes, Origin::File(path.to_owned())))
    }

    /// The same input, of which the BLAKE3 hash of what it holds unpacked is known: so that it is
    /// not read through only to be hashed.
    #[must_use]
    pub fn with_known_hash(self, hash: [u8; 32]) -> Self {
        Self { known_hash: Some(hash), ..self }
    }

    /// The same input under another name.
    #[must_use]
    pub fn renamed(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Bytes that are in memory already.
    #[must_use]
    pub fn bytes(name: String, bytes: Vec<u8>) -> Self {
        let size_bytes = bytes.len() as u64;
        Self::of(name, size_bytes, Origin::Bytes(Arc::from(bytes)))
    }

    /// Takes all of stdin into a temporary file.
    pub(super) fn stdin() -> Result<Self, Unreadable> {
        let spool = || -> io::Result<(File, u64)> {
            let mut file = tempfile::tempfile()?;
            let size = io::copy(&mut io::stdin().lock(), &mut file)?;
            Ok((file, size))
        };
        match spool() {
            Ok((file, size_bytes)) => {
                Ok(Self::of("-".to_owned(), size_bytes, Origin::Spooled(file)))
            }
            Err(error) => Err(Unreadable {
                path: "-".to_owned(),
                reason: format!("stdin cannot be read: {error}"),
                by_system: is_by_system(&error),
            }),
        }
    }

    pub(super) fn zip_members(path: &Path) -> Vec<Result<Self, Unreadable>> {
        let name = path.display().to_string();
        let refuse = |what: &str, error: IntakeError| Unreadable {
            path: name.clone(),
            reason: format!("{what}{error}"),
            by_system: error.is_by_system(),
        };
        let archive = File::open(path)
            .map_err(IntakeError::from)
            .and_then(|file| Ok(zip::ZipArchive::new(BufReader::new(file))?))
            .map_err(|error| refuse("", error));
        let mut archive = match archive {
            Ok(archive) => archive,
            Err(refused) => return vec![Err(refused)],
        };
        let mut members = Vec::new();
        for index in 0..archive.len() {
            match archive.by_index(index) {
                Ok(member) if member.is_dir() => {}
                Ok(member) => {
                    let name = format!("{name}!/{}", member.name());
                    let origin = Origin::ZipMember { archive: path.to_owned(), index };
                    members.push(Ok(Self::of(name, member.compressed_size(), origin)));
                }
                Err(error) => {
                    let what = format!("member {index}: ");
                    members.push(Err(refuse(&what, error.into())));
                }
            }
        }
        members
    }

    /// The name for people: the path as given, with `!/member` for a member of a zip.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// Bytes as they stand on disk, compressed or not.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The same file to be read beside it; none where it is compressed or no file.
    #[must_use]
    pub fn plain_twin(&self) -> Option<Self> {
        let Origin::File(path) = &self.origin else { return None };
        let mut magic = [0; 4];
        let (read, _) = read_up_to(&mut File::open(path).ok()?, &mut magic);
        let packed = |magic: &[u8]| {
            magic.starts_with(&GZIP) || magic.starts_with(&ZSTD) || magic.starts_with(&avro::MAGIC)
        };
        let is_packed = magic.get(..read).is_some_and(packed);
        let origin = Origin::File(path.clone());
        let twin = Self::of(self.name.clone(), self.size_bytes, origin);
        (!is_packed).then_some(twin)
    }

    /// The decompressed bytes from their beginning, without a byte order mark.
    ///
    /// # Errors
    /// When it cannot be read, is UTF-16 text or an archive in an archive.
    pub fn open(&mut self, limits: &Limits) -> Result<Box<dyn Read + Send>, IntakeError> {
        Ok(self.marked(limits)?.1)
    }

    /// What [`Self::open`] gives, and whether it began with a mark.
    fn marked(&mut self, limits: &Limits) -> Result<(bool, Box<dyn Read + Send>), IntakeError> {
        if let Origin::ZipMember { archive, index } = &self.origin {
            let file = spool_member(archive, *index, limits)?;
            self.origin = Origin::Spooled(file);
        }
        let file = match &self.origin {
            Origin::Bytes(bytes) => {
                let bytes = io::Cursor::new(Arc::clone(bytes));
                return without_mark(decompressed(bytes, limits)?);
            }
            Origin::File(path) => File::open(path)?,
            Origin::Spooled(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                file
            }
            Origin::ZipMember { .. } => {
                return Err(IntakeError::Encoding("the zip was not unpacked"));
            }
        };
        without_mark(decompressed(file, limits)?)
    }

    /// BLAKE3 of the decompressed bytes; of an input that breaks off, of those before that.
    ///
    /// # Errors
    /// When nothing of the input can be read.
    pub fn content_hash(&mut self, limits: &Limits) -> Result<[u8; 32], IntakeError> {
        let (is_marked, mut reader) = self.marked(limits)?;
        if let Some(hash) = self.known_hash.filter(|_| !is_marked) {
            return Ok(hash);
        }
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; HASHED];
        loop {
            let (read, end) = read_up_to(&mut reader, &mut buffer);
            hasher.update_rayon(buffer.get(..read).unwrap_or_default());
            match end {
                Ok(()) if read > 0 => {}
                Ok(()) => return Ok(*hasher.finalize().as_bytes()),
                // Its records until here count, and the reader will meet the same end.
                Err(error) if hasher.count() > 0 && is_cut_off(&error) => {
                    return Ok(*hasher.finalize().as_bytes());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether a compressed input ends too early or is damaged from there on.
pub(super) fn is_cut_off(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof || error.kind() == io::ErrorKind::InvalidInput
}

fn spool_member(archive: &Path, index: usize, limits: &Limits) -> Result<File, IntakeError> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(archive)?))?;
    let member = archive.by_index(index)?;
    let consumed = Arc::new(AtomicU64::new(member.compressed_size()));
    let mut capped = Capped { inner: member, out: 0, consumed, limits: *limits };
    let mut file = tempfile::tempfile()?;
    io::copy(&mut capped, &mut file)?;
    Ok(file)
}

/// How a gzip begins (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How Zstandard begins (RFC 8878, section 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// What Zstandard returns where it has no memory (`ZSTD_error_memory_allocation` in
/// `zstd_errors.h`, negated).
const NO_MEMORY: usize = 0_usize.wrapping_sub(64);
/// Most memory that a frame of Zstandard may ask for, as a power of two.
pub(super) const ZSTD_WINDOW_LOG: u32 = 27;

fn decompressed<R: Read + Seek + Send + 'static>(
    mut file: R,
    limits: &Limits,
) -> Result<Box<dyn Read + Send>, IntakeError> {
    let mut magic = [0; 4];
    let (read, end) = read_up_to(&mut file, &mut magic);
    end?;
    file.seek(SeekFrom::Start(0))?;
    match magic.get(..read).unwrap_or_default() {
        magic if magic.starts_with(&GZIP) => {
            let consumed = Arc::new(AtomicU64::new(0));
            let counted = Counted { inner: file, consumed: Arc::clone(&consumed) };
            let inner = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, counted));
            Ok(Box::new(Capped { inner, out: 0, consumed, limits: *limits }))
        }
        b"PK\x03\x04" => Err(IntakeError::Encoding(
            "is a zip inside another archive; unpack the outer one first",
        )),
        magic if magic.starts_with(&ZSTD) => {
            let consumed = Arc::new(AtomicU64::new(0));
            let counted = Counted { inner: file, consumed: Arc::clone(&consumed) };
            let mut inner = zstd::Decoder::new(counted)?;
            inner.window_log_max(ZSTD_WINDOW_LOG)?;
            Ok(Box::new(Capped { inner, out: 0, consumed, limits: *limits }))
        }
        magic if magic.starts_with(&avro::MAGIC) => match Bodies::open(file, limits) {
            Ok(Ok(bodies)) => Ok(Box::new(bodies)),
            Ok(Err(why)) => Err(IntakeError::Envelope(format!("is an Avro file {why}"))),
            Err(error) if is_cut_off(&error) => {
                Err(IntakeError::Envelope(format!("is an Avro file without its header ({error})")))
            }
            Err(error) => Err(error.into()),
        },
        b"BZh1" | b"BZh9" | [0xfd, b'7', b'z', b'X'] => {
            Err(IntakeError::Encoding("is compressed with bzip2 or xz; decompress it first"))
        }
        _ => Ok(Box::new(file)),
    }
}

/// Fills the buffer as far as the input goes; says how far, and why no further.
fn read_up_to(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}

/// Skips a UTF-8 byte order mark, says whether there was one, and refuses UTF-16.
fn without_mark(
    mut reader: Box<dyn Read + Send>,
) -> Result<(bool, Box<dyn Read + Send>), IntakeError> {
    let mut start = [0; 3];
    let (read, end) = read_up_to(&mut reader, &mut start);
    end?;
    let start = start.get(..read).unwrap_or_default().to_vec();
    match start.as_slice() {
        [0xef, 0xbb, 0xbf] => Ok((true, reader)),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(IntakeError::Encoding(
            "is UTF-16 text; convert it to UTF-8 first (`iconv -t UTF-8`)",
        )),
        _ => Ok((false, Box::new(io::Cursor::new(start).chain(reader)))),
    }
}

/// Counts the compressed bytes that went in.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Stops a decompressor that gives too much.
pub(super) struct Capped<R> {
    pub(super) inner: R,
    pub(super) out: u64,
    pub(super) consumed: Arc<AtomicU64>,
    pub(super) limits: Limits,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out += read as u64;
        let consumed = self.consumed.load(Ordering::Relaxed).max(1);
        let bomb =
            self.out > JUDGED_AFTER_BYTES && self.out / consumed > self.limits.compression_ratio;
        if bomb || self.out > self.limits.decompressed_bytes {
            let out = self.out >> 20;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "it unpacks to more than {out} MiB from {consumed} bytes; decompress it yourself if you trust it"
                ),
            ));
        }
        Ok(read)
    }
}
