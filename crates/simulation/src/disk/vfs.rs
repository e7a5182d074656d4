//! The machine's disk as SQLite sees it: a VFS of its own name per machine.
//!
//! The one place in this repository with `unsafe`: SQLite calls through C
//! function pointers. Every function here takes the pointers SQLite documents
//! for it, turns them into references, and leaves the work to safe code.
//! Locks and shared memory follow the rules that SQLite's own `os_unix` keeps,
//! within one process.

#![allow(unsafe_code)]

use super::{Fault, Machine, Shared};
use rusqlite::ffi;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest name of a file, in bytes.
const NAME_BYTES_MAX: c_int = 512;

/// Milliseconds since the Julian epoch that SQLite is told; no SQL of ours asks.
const JULIAN_MS: i64 = 212_000_000_000_000;

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A machine's VFS, registered with SQLite while this lives.
pub struct Vfs {
    name: String,
    vfs: *mut ffi::sqlite3_vfs,
}

impl Vfs {
    /// Registers a VFS over a machine.
    #[must_use]
    pub fn over(machine: Arc<Machine>) -> Self {
        let name = format!("simulated-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let c_name = CString::new(name.clone()).unwrap_or_default();
        let vfs = Box::into_raw(Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: size_of::<SimFile>() as c_int,
            mxPathname: NAME_BYTES_MAX,
            pNext: ptr::null_mut(),
            zName: c_name.into_raw(),
            pAppData: Box::into_raw(Box::new(machine)).cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time_ms),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: `vfs` points to a complete sqlite3_vfs that stays where it is
        // for as long as the process lives (see `drop`), as SQLite asks.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite takes a VFS");
        Self { name, vfs }
    }

    /// The name by which a connection asks for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Vfs {
    fn drop(&mut self) {
        // SAFETY: it was registered in `over` and is unregistered once. The
        // struct itself is left alive on purpose, some hundred bytes: a
        // connection that another thread is just closing may still read it.
        unsafe { ffi::sqlite3_vfs_unregister(self.vfs) };
        // SAFETY: `pAppData` was made from a Box in `over`; it is read only by
        // `xOpen`, `xDelete` and `xAccess`, which SQLite does not call for a
        // VFS that no connection can be opened with, but for a connection being
        // closed; so the machine behind it is emptied, not freed.
        let machine = unsafe { &*(*self.vfs).pAppData.cast::<Arc<Machine>>() };
        machine.end();
        machine.lock().files.clear();
    }
}

/// What SQLite holds of an open file; the first member is SQLite's own.
#[repr(C)]
struct SimFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

/// An open file.
struct Handle {
    machine: Arc<Machine>,
    name: String,
    life: u64,
    level: c_int,
    delete_on_close: bool,
    /// Bits of the shared-memory locks held.
    reads: u8,
    writes: u8,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(fault: Fault, broken: c_int) -> c_int {
    match fault {
        Fault::Full => ffi::SQLITE_FULL,
        Fault::Off | Fault::Broken => broken,
    }
}

fn answer(done: Result<(), Fault>, broken: c_int) -> c_int {
    done.map_or_else(|fault| code(fault, broken), |()| ffi::SQLITE_OK)
}

/// The machine of a VFS.
///
/// # Safety
/// `vfs` must be one that [`Vfs::over`] registered.
unsafe fn machine<'a>(vfs: *mut ffi::sqlite3_vfs) -> &'a Arc<Machine> {
    // SAFETY: `over` put a boxed Arc there, and `drop` never frees it.
    unsafe { &*(*vfs).pAppData.cast::<Arc<Machine>>() }
}

/// A C text as a name.
///
/// # Safety
/// `text` must be null or a text that ends with a zero.
unsafe fn named(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// The handle behind a file that SQLite hands back.
///
/// # Safety
/// `file` must have been opened by [`open`] with success and not be closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: `open` put a boxed handle there. SQLite never uses one file from
    // two threads at a time, so the reference is the only one.
    unsafe { &mut *(*file.cast::<SimFile>()).handle }
}

impl Handle {
    /// Whether the machine was started again since this was opened.
    fn dead(&self) -> bool {
        let state = self.machine.lock();
        state.off || state.life != self.life
    }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the VFS it was registered with, a name or null,
    // and room for `szOsFile` bytes at `file`.
    let (machine, name) = unsafe { (machine(vfs), named(name)) };
    // SAFETY: as above; without methods SQLite does not call xClose on failure.
    unsafe { (*file).pMethods = ptr::null() };
    let delete_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
    let mut state = machine.lock();
    if state.off {
        return ffi::SQLITE_CANTOPEN;
    }
    let name =
        name.unwrap_or_else(|| format!("temporary-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    if !state.files.contains_key(&name) {
        if flags & ffi::SQLITE_OPEN_CREATE == 0 {
            return ffi::SQLITE_CANTOPEN;
        }
        if let Err(fault) = state.operate() {
            return code(fault, ffi::SQLITE_CANTOPEN);
        }
        state.files.insert(name.clone(), super::Contents::default());
    }
    let life = state.life;
    state.open_handles += 1;
    drop(state);
    let handle = Handle {
        machine: Arc::clone(machine),
        name,
        life,
        level: ffi::SQLITE_LOCK_NONE,
        delete_on_close,
        reads: 0,
        writes: 0,
    };
    // SAFETY: `file` has room for a SimFile; `out_flags` is null or points to an int.
    unsafe {
        (*file.cast::<SimFile>()).handle = Box::into_raw(Box::new(handle));
        (*file).pMethods = &raw const METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite calls with its VFS and a text.
    let (machine, name) = unsafe { (machine(vfs), named(name)) };
    let Some(name) = name else { return ffi::SQLITE_IOERR_DELETE };
    let mut state = machine.lock();
    if !state.off && !state.files.contains_key(&name) {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    answer(state.remove(&name, sync_folder != 0), ffi::SQLITE_IOERR_DELETE)
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with its VFS and a text.
    let (machine, name) = unsafe { (machine(vfs), named(name)) };
    let state = machine.lock();
    if state.off {
        return ffi::SQLITE_IOERR_ACCESS;
    }
    let file = name.and_then(|name| state.files.get(&name));
    // As os_unix has it: what exists is what has content.
    let there = file.is_some_and(|f| flags != ffi::SQLITE_ACCESS_EXISTS || !f.bytes.is_empty());
    // SAFETY: `out` points to an int.
    unsafe { *out = c_int::from(there) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    length: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite calls with a text.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > usize::try_from(length).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for `length` bytes, and the two never overlap.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(
    _: *mut ffi::sqlite3_vfs,
    length: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: `out` has room for `length` bytes. SQLite seeds its generator of
    // the default VFS, not of this one, so zeros do no harm.
    unsafe { ptr::write_bytes(out, 0, usize::try_from(length).unwrap_or(0)) };
    length
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: `out` points to a double.
    unsafe { *out = JULIAN_MS as f64 / 86_400_000.0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_ms(
    _: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `out` points to a 64-bit integer.
    unsafe { *out = JULIAN_MS };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: an open file; its handle was boxed in `open` and is taken back once.
    let mut handle = unsafe { Box::from_raw((*file.cast::<SimFile>()).handle) };
    release(&mut handle, ffi::SQLITE_LOCK_NONE);
    release_shared(&mut handle);
    if handle.delete_on_close && !handle.dead() {
        handle.machine.lock().files.remove(&handle.name);
    }
    let mut state = handle.machine.lock();
    state.open_handles -= 1;
    if state.open_handles == 0 {
        // Nobody holds a pointer into it any more.
        state.shared.clear();
        state.buried.clear();
    }
    drop(state);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let (Ok(length), Ok(at)) = (usize::try_from(length), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    if handle.dead() {
        return ffi::SQLITE_IOERR_READ;
    }
    // SAFETY: SQLite gives room for `length` bytes, which nobody else writes now.
    let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), length) };
    let state = handle.machine.lock();
    let bytes = state.files.get(&handle.name).map_or(&[][..], |file| &file.bytes);
    let found = bytes.get(at..bytes.len().min(at + length)).unwrap_or_default();
    into[..found.len()].copy_from_slice(found);
    into[found.len()..].fill(0);
    if found.len() < length { ffi::SQLITE_IOERR_SHORT_READ } else { ffi::SQLITE_OK }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let (Ok(length), Ok(at)) = (usize::try_from(length), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    if handle.dead() {
        return ffi::SQLITE_IOERR_WRITE;
    }
    // SAFETY: SQLite gives `length` bytes to read.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) };
    answer(handle.machine.lock().write(&handle.name, at, from), ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, to: ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let Ok(to) = usize::try_from(to) else { return ffi::SQLITE_IOERR_TRUNCATE };
    if handle.dead() {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    answer(handle.machine.lock().cut(&handle.name, to), ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    if handle.dead() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    answer(handle.machine.lock().sync(&handle.name), ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    if handle.dead() {
        return ffi::SQLITE_IOERR_FSTAT;
    }
    let state = handle.machine.lock();
    let length = state.files.get(&handle.name).map_or(0, |file| file.bytes.len());
    // SAFETY: `out` points to a 64-bit integer.
    unsafe { *out = i64::try_from(length).unwrap_or(i64::MAX) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    if handle.dead() {
        return ffi::SQLITE_IOERR_LOCK;
    }
    let machine = Arc::clone(&handle.machine);
    let mut state = machine.lock();
    let locks = state.locks.entry(handle.name.clone()).or_default();
    if handle.level >= wanted {
        return ffi::SQLITE_OK;
    }
    if handle.level == ffi::SQLITE_LOCK_NONE {
        if locks.pending || locks.exclusive {
            return ffi::SQLITE_BUSY;
        }
        locks.shared += 1;
        handle.level = ffi::SQLITE_LOCK_SHARED;
    }
    if wanted >= ffi::SQLITE_LOCK_RESERVED && handle.level < ffi::SQLITE_LOCK_RESERVED {
        if locks.reserved {
            return ffi::SQLITE_BUSY;
        }
        locks.reserved = true;
        handle.level = ffi::SQLITE_LOCK_RESERVED;
    }
    if wanted == ffi::SQLITE_LOCK_EXCLUSIVE {
        locks.pending = true;
        handle.level = ffi::SQLITE_LOCK_PENDING;
        if locks.shared > 1 {
            return ffi::SQLITE_BUSY;
        }
        locks.exclusive = true;
        handle.level = ffi::SQLITE_LOCK_EXCLUSIVE;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: an open file.
    release(unsafe { handle(file) }, wanted);
    ffi::SQLITE_OK
}

/// Gives locks back down to a level.
fn release(handle: &mut Handle, wanted: c_int) {
    let mut state = handle.machine.lock();
    if state.life == handle.life
        && let Some(locks) = state.locks.get_mut(&handle.name)
    {
        if handle.level >= ffi::SQLITE_LOCK_RESERVED {
            (locks.reserved, locks.pending, locks.exclusive) = (false, false, false);
        }
        if handle.level >= ffi::SQLITE_LOCK_SHARED && wanted == ffi::SQLITE_LOCK_NONE {
            locks.shared = locks.shared.saturating_sub(1);
        }
    }
    handle.level = handle.level.min(wanted);
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let state = handle.machine.lock();
    let reserved = state.locks.get(&handle.name).is_some_and(|locks| locks.reserved);
    // SAFETY: `out` points to an int.
    unsafe { *out = c_int::from(reserved) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    super::SECTOR as c_int
}

unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    // What os_unix claims too: a torn write spoils nothing beside itself.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    length: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let (Ok(region), Ok(length)) = (usize::try_from(region), usize::try_from(length)) else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    if handle.dead() {
        return ffi::SQLITE_IOERR_SHMMAP;
    }
    let mut state = handle.machine.lock();
    let shared = state.shared.entry(handle.name.clone()).or_default();
    while shared.regions.len() <= region && extend != 0 {
        shared.regions.push(vec![0; length.div_ceil(8)].into_boxed_slice());
    }
    let found = shared.regions.get_mut(region).map(|words| words.as_mut_ptr());
    // SAFETY: `out` points to a pointer. The region is boxed and is kept, also
    // over a boot (`buried`), for as long as the machine is; handles hold it.
    unsafe { *out = found.map_or(ptr::null_mut(), |words| words.cast()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let machine = Arc::clone(&handle.machine);
    let mut state = machine.lock();
    if state.life != handle.life {
        return ffi::SQLITE_IOERR_SHMLOCK;
    }
    let shared = state.shared.entry(handle.name.clone()).or_default();
    let slots =
        usize::try_from(offset).unwrap_or(0)..usize::try_from(offset + count).unwrap_or(0).min(8);
    let bits = slots.clone().fold(0u8, |bits, slot| bits | 1 << slot);
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        give_back(handle, shared, bits);
        return ffi::SQLITE_OK;
    }
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    for slot in slots.clone() {
        let own = u32::from(handle.reads >> slot & 1);
        let written = shared.writers[slot] && handle.writes >> slot & 1 == 0;
        if written || (exclusive && shared.readers[slot] > own) {
            return ffi::SQLITE_BUSY;
        }
    }
    for slot in slots {
        let bit = 1u8 << slot;
        if exclusive {
            shared.writers[slot] = true;
            handle.writes |= bit;
        } else if handle.reads & bit == 0 {
            shared.readers[slot] += 1;
            handle.reads |= bit;
        }
    }
    ffi::SQLITE_OK
}

fn give_back(handle: &mut Handle, shared: &mut Shared, bits: u8) {
    for slot in 0..8 {
        let bit = 1u8 << slot & bits;
        if handle.reads & bit != 0 {
            shared.readers[slot] = shared.readers[slot].saturating_sub(1);
        }
        if handle.writes & bit != 0 {
            shared.writers[slot] = false;
        }
    }
    handle.reads &= !bits;
    handle.writes &= !bits;
}

fn release_shared(handle: &mut Handle) {
    let machine = Arc::clone(&handle.machine);
    let mut state = machine.lock();
    if state.life == handle.life
        && let Some(shared) = state.shared.get_mut(&handle.name)
    {
        give_back(handle, shared, u8::MAX);
    }
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    release_shared(unsafe { handle(file) });
    ffi::SQLITE_OK
}
