//! kadr: write a video effect in Rust, without its standard library.
//!
//!     #![no_std]
//!     use kadr::{Job, Status};
//!     kadr::guest!(work);
//!     fn work(job: &mut Job) -> Status { ... Status::Ok }
//!
//! Build: python sdk/build.py glow.rs. The blocks are those of ../abi/kadr_abi.h.
#![no_std]

use core::slice;

/// What an effect returns.
#[repr(i32)]
pub enum Status {
    Ok = 0,
    Failed = 1,
    Unsupported = 2,
    NoMemory = 3,
}

#[repr(C)]
pub struct Plane {
    data: u32,
    stride: u32,
    pub width: u32,
    pub height: u32,
}

impl Plane {
    /// A row of an input: `u8` to 8 bit, `u16` to 16.
    pub fn row<Word>(&self, y: u32) -> &[Word] {
        assert!(y < self.height);
        let at = self.data as usize + self.stride as usize * y as usize;
        // The host laid the plane out: it lies in memory, and nothing else is written while this is read.
        unsafe { slice::from_raw_parts(at as *const Word, self.width as usize) }
    }

    /// A row of the output.
    #[allow(clippy::mut_from_ref)]
    pub fn row_mut<Word>(&self, y: u32) -> &mut [Word] {
        assert!(y < self.height);
        let at = self.data as usize + self.stride as usize * y as usize;
        // The output never overlaps an input; one row is written at a time.
        unsafe { slice::from_raw_parts_mut(at as *mut Word, self.width as usize) }
    }
}

#[repr(C)]
pub struct Image {
    size: u32,
    input: u32,
    offset: i32,
    pub format: u32,
    pub width: u32,
    pub height: u32,
    pub depth: u32,
    pub matrix: u32,
    pub primaries: u32,
    pub transfer: u32,
    pub range: u32,
    pub chroma_location: u32,
    pub alpha: u32,
    pub aspect_num: u32,
    pub aspect_den: u32,
    pub plane_count: u32,
    planes: [Plane; 4],
}

impl Image {
    pub fn planes(&self) -> &[Plane] {
        &self.planes[..(self.plane_count as usize).min(4)]
    }
}

/// A block of sound: planar, full scale at 1.
#[repr(C)]
pub struct Audio {
    size: u32,
    input: u32,
    format: u32,
    pub channels: u32,
    pub layout: u64,
    pub rate: u32,
    pub count: u32,
    pub first: i64,
    data: u32,
    reserved: u32,
}

impl Audio {
    fn at(&self, number: u32) -> usize {
        assert!(number < self.channels);
        unsafe { *((self.data + 4 * number) as usize as *const u32) as usize }
    }

    /// The samples of a channel of an input.
    pub fn channel(&self, number: u32) -> &[f32] {
        unsafe { slice::from_raw_parts(self.at(number) as *const f32, self.count as usize) }
    }

    /// The samples of a channel of the output, which never overlaps an input.
    #[allow(clippy::mut_from_ref)]
    pub fn channel_mut(&self, number: u32) -> &mut [f32] {
        unsafe { slice::from_raw_parts_mut(self.at(number) as *mut f32, self.count as usize) }
    }
}

#[repr(C)]
pub struct Job {
    size: u32,
    pub flags: u32,
    pub frame: i64,
    pub rate_num: u32,
    pub rate_den: u32,
    pub time: f64,
    pub duration: f64,
    pub progress: f64,
    pub y0: u32,
    pub y1: u32,
    pub tile: u32,
    pub tiles: u32,
    pub seed: u64,
    params: u32,
    param_count: u32,
    inputs: u32,
    input_count: u32,
    output: u32,
    audio: u32,
    audio_count: u32,
    audio_output: u32,
    data: u32,
    data_capacity: u32,
    data_length: u32,
    message: u32,
    message_capacity: u32,
    message_length: u32,
    pub scale_x: f64,
    pub scale_y: f64,
}

impl Job {
    /// The image of an input at a frame offset (0: now).
    pub fn input(&self, number: u32, offset: i32) -> Option<&'static Image> {
        let mut at = self.inputs as usize;
        for _ in 0..self.input_count {
            let image = unsafe { &*(at as *const Image) };
            if image.input == number && image.offset == offset {
                return Some(image);
            }
            at += image.size as usize;
        }
        None
    }

    pub fn output(&self) -> &'static Image {
        unsafe { &*(self.output as usize as *const Image) }
    }

    /// The sound of an input.
    pub fn sound(&self, number: u32) -> Option<&'static Audio> {
        let mut at = self.audio as usize;
        for _ in 0..self.audio_count {
            let audio = unsafe { &*(at as *const Audio) };
            if audio.input == number {
                return Some(audio);
            }
            at += audio.size as usize;
        }
        None
    }

    pub fn sound_output(&self) -> &'static Audio {
        unsafe { &*(self.audio_output as usize as *const Audio) }
    }

    /// An analyzer's words, behind what was said before. Too much is cut off.
    pub fn say(&mut self, text: &str) {
        let length = text.len().min((self.data_capacity - self.data_length) as usize);
        let room = (self.data + self.data_length) as usize as *mut u8;
        unsafe { slice::from_raw_parts_mut(room, length) }.copy_from_slice(&text.as_bytes()[..length]);
        self.data_length += length as u32;
    }

    /// The same of a whole number.
    pub fn say_number(&mut self, number: u64) {
        if number >= 10 {
            self.say_number(number / 10);
        }
        const DIGITS: &str = "0123456789";
        let digit = (number % 10) as usize;
        self.say(&DIGITS[digit..digit + 1]);
    }

    fn param<T: Copy>(&self, number: u32) -> T {
        assert!(number < self.param_count);
        unsafe { *((self.params + 16 * number) as usize as *const T) }
    }

    /// A parameter of the type float or angle.
    pub fn number(&self, number: u32) -> f64 {
        self.param(number)
    }

    /// A parameter of the type int or bool.
    pub fn whole(&self, number: u32) -> i64 {
        self.param(number)
    }

    /// The index of a choice.
    pub fn choice(&self, number: u32) -> u32 {
        self.param(number)
    }

    /// Rows of a plane of the output that are to be made: rounded outwards.
    pub fn rows(&self, plane: usize) -> (u32, u32) {
        let image = self.output();
        let (tall, whole) = (image.planes[plane].height as u64, image.height as u64);
        let end = (self.y1 as u64 * tall + whole - 1) / whole;
        ((self.y0 as u64 * tall / whole) as u32, end as u32)
    }

    /// Say why, and return what the effect is to return.
    pub fn fail(&mut self, status: Status, why: &str) -> Status {
        let length = why.len().min(self.message_capacity as usize);
        let room = self.message as usize as *mut u8;
        unsafe { slice::from_raw_parts_mut(room, length) }.copy_from_slice(&why.as_bytes()[..length]);
        self.message_length = length as u32;
        status
    }
}

extern "C" {
    static __heap_base: u8;
}
static mut HEAP_END: usize = 0;

/// Memory, aligned to 64 bytes, that is never taken back: the host drops the whole instance.
pub fn take(size: usize) -> Option<*mut u8> {
    // A guest has one thread.
    unsafe {
        if HEAP_END == 0 {
            HEAP_END = &__heap_base as *const u8 as usize;
        }
        let begin = (HEAP_END as u64 + 63) & !63;
        let end = begin + size as u64;
        let have = (core::arch::wasm32::memory_size(0) as u64) << 16;
        if end > 0xffff_ffff {
            return None;
        }
        let pages = (end.saturating_sub(have) + 65535) >> 16;
        if pages > 0 && core::arch::wasm32::memory_grow(0, pages as usize) == usize::MAX {
            return None;
        }
        HEAP_END = end as usize;
        Some(begin as usize as *mut u8)
    }
}

/// Words that are kept from call to call, and only grow.
pub struct Room<Word> {
    words: *mut Word,
    count: usize,
}

impl<Word> Room<Word> {
    pub const fn new() -> Self {
        Room {
            words: core::ptr::null_mut(),
            count: 0,
        }
    }

    /// So many words, with whatever stands in them; None where there is no memory.
    pub fn of(&mut self, count: usize) -> Option<&mut [Word]> {
        if count > self.count {
            self.words = take(count * core::mem::size_of::<Word>())? as *mut Word;
            self.count = count;
        }
        Some(unsafe { slice::from_raw_parts_mut(self.words, count) })
    }
}

/// The exports of a guest, once in every one.
#[macro_export]
macro_rules! guest {
    ($work:path) => {
        #[no_mangle]
        pub extern "C" fn kadr_abi() -> i32 {
            1
        }
        #[no_mangle]
        pub extern "C" fn kadr_alloc(size: u32) -> u32 {
            $crate::take(size as usize).map_or(0, |room| room as usize as u32)
        }
        #[no_mangle]
        pub extern "C" fn kadr_process(job: u32) -> i32 {
            $work(unsafe { &mut *(job as usize as *mut $crate::Job) }) as i32
        }
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! {
            core::arch::wasm32::unreachable()
        }
    };
}
