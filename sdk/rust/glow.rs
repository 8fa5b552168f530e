//! Glow: what is brighter than a threshold shines over its neighbours. See ../c/glow.c for how.
#![no_std]

use kadr::{Image, Job, Plane, Room, Status};

kadr::guest!(work);

const MOST: usize = 64;
const ROWS: usize = 2 * MOST + 2;

static mut RING: Room<u16> = Room::new(); // averaged rows
static mut SUMS: Room<u32> = Room::new(); // one a column
static mut LINE: Room<u16> = Room::new(); // the bright part of one row, its edges repeated

struct Rooms {
    ring: &'static mut [u16],
    sums: &'static mut [u32],
    line: &'static mut [u16],
}

impl Rooms {
    fn of(width: usize) -> Option<Self> {
        // A guest has one thread, and this is called once a frame.
        unsafe {
            Some(Rooms {
                ring: (*core::ptr::addr_of_mut!(RING)).of(ROWS * width)?,
                sums: (*core::ptr::addr_of_mut!(SUMS)).of(width)?,
                line: (*core::ptr::addr_of_mut!(LINE)).of(width + 2 * MOST + 1)?,
            })
        }
    }
}

struct Glow {
    radius: usize,
    threshold: u32,
    strength: u32,
    part: u32,
    top: u32,
    width: usize,
    height: usize,
}

trait Word: Copy {
    fn wide(self) -> u32;
    fn of(value: u32) -> Self;
}

impl Word for u8 {
    fn wide(self) -> u32 {
        self as u32
    }
    fn of(value: u32) -> Self {
        value as u8
    }
}

impl Word for u16 {
    fn wide(self) -> u32 {
        self as u32
    }
    fn of(value: u32) -> Self {
        value as u16
    }
}

impl Glow {
    fn inside(&self, row: i64) -> usize {
        row.clamp(0, self.height as i64 - 1) as usize
    }

    fn slot(&self, row: usize) -> core::ops::Range<usize> {
        let at = row % ROWS * self.width;
        at..at + self.width
    }

    fn average<W: Word>(&self, from: &[W], line: &mut [u16], to: &mut [u16]) {
        let (r, width) = (self.radius, self.width);
        for (bright, value) in line[r..r + width].iter_mut().zip(from) {
            *bright = value.wide().saturating_sub(self.threshold) as u16;
        }
        let (first, last) = (line[r], line[r + width - 1]);
        line[..r].fill(first);
        line[r + width..][..r + 1].fill(last);
        // The averages along the line; its sums move from pixel to pixel.
        let (part, size) = (self.part, 2 * r + 1);
        let mut sum: u32 = line[..size].iter().map(|value| *value as u32).sum();
        for ((out, come), gone) in to.iter_mut().zip(&line[size..]).zip(&line[..]) {
            *out = (sum.wrapping_mul(part) >> 16) as u16;
            sum = sum.wrapping_add(*come as u32).wrapping_sub(*gone as u32);
        }
    }

    fn shine<W: Word>(&self, from: &[W], sums: &[u32], to: &mut [W]) {
        let (part, strength, top) = (self.part, self.strength, self.top);
        for ((out, value), sum) in to.iter_mut().zip(from).zip(sums) {
            let light = (sum.wrapping_mul(part) >> 16).wrapping_mul(strength) >> 8;
            *out = W::of((value.wide() + light).min(top));
        }
    }

    fn luma<W: Word>(&self, from: &Plane, to: &Plane, rows: (u32, u32), rooms: &mut Rooms) {
        let Rooms { ring, sums, line } = rooms;
        let (r, first) = (self.radius as i64, rows.0 as i64);
        for row in self.inside(first - r)..=self.inside(first + r) {
            self.average(from.row::<W>(row as u32), line, &mut ring[self.slot(row)]);
        }
        sums.fill(0);
        for k in -r..=r {
            for (sum, come) in sums.iter_mut().zip(&ring[self.slot(self.inside(first + k))]) {
                *sum += *come as u32;
            }
        }
        for y in first..rows.1 as i64 {
            self.shine(from.row::<W>(y as u32), sums, to.row_mut(y as u32));
            if y + r + 1 < self.height as i64 {
                let next = (y + r + 1) as usize;
                self.average(from.row::<W>(next as u32), line, &mut ring[self.slot(next)]);
            }
            let (come, gone) = (self.slot(self.inside(y + r + 1)), self.slot(self.inside(y - r)));
            for ((sum, come), gone) in sums.iter_mut().zip(&ring[come]).zip(&ring[gone]) {
                *sum = sum.wrapping_add(*come as u32).wrapping_sub(*gone as u32);
            }
        }
    }
}

fn make<W: Word>(job: &Job, source: &Image, glow: &Glow, rooms: &mut Rooms) {
    let out = job.output();
    glow.luma::<W>(&source.planes()[0], &out.planes()[0], job.rows(0), rooms);
    for (number, (from, to)) in source.planes().iter().zip(out.planes()).enumerate().skip(1) {
        let (first, end) = job.rows(number);
        for y in first..end {
            to.row_mut::<W>(y).copy_from_slice(from.row(y));
        }
    }
}

fn work(job: &mut Job) -> Status {
    let out = job.output();
    let source = match job.input(0, 0) {
        Some(source) if out.depth <= 16 => source,
        _ => return job.fail(Status::Unsupported, "whole numbers up to 16 bit are expected"),
    };
    let width = out.width as usize;
    let mut rooms = match Rooms::of(width) {
        Some(rooms) => rooms,
        None => return job.fail(Status::NoMemory, "no memory for the averages"),
    };
    let top = (1u32 << out.depth) - 1;
    let radius = ((job.number(0) + 0.5) as usize).min(MOST);
    let glow = Glow {
        radius,
        threshold: (job.number(1) * top as f64 + 0.5) as u32,
        strength: (job.number(2) * 256.0 + 0.5) as u32,
        part: 65536 / (2 * radius as u32 + 1),
        top,
        width,
        height: out.height as usize,
    };
    if out.depth <= 8 {
        make::<u8>(job, source, &glow, &mut rooms);
    } else {
        make::<u16>(job, source, &glow, &mut rooms);
    }
    Status::Ok
}
