//! @TITLE@: the picture is darkened. Replace the arithmetic by your own.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let out = job.output();
    let source = match job.input(0, 0) {
        Some(source) if out.depth <= 8 => source,
        _ => return job.fail(Status::Unsupported, "8 bit are expected"),
    };
    let asked = ((1.0 - job.number(0)) * 128.0 + 0.5) as u16;
    for (number, (from, to)) in source.planes().iter().zip(out.planes()).enumerate() {
        let keep = if number == 0 { asked } else { 128 };
        let (first, end) = job.rows(number);
        for y in first..end {
            // Rows that are zipped become SIMD.
            for (value, come) in to.row_mut::<u8>(y).iter_mut().zip(from.row::<u8>(y)) {
                *value = ((*come as u16).wrapping_mul(keep) >> 7) as u8;
            }
        }
    }
    Status::Ok
}
