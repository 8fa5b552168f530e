//! @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const out = job.output();
    if (out.depth > 8) return job.fail(.unsupported, "8 bit are expected");
    const size: u64 = @intCast(job.param(0).whole);
    const moved: u64 = @intCast(job.frame * job.param(1).whole);
    for (0..out.plane_count) |p| {
        const rows = job.rows(@intCast(p));
        for (rows[0]..rows[1]) |y| {
            const to = out.planes[p].row(u8, @intCast(y));
            for (0..out.planes[p].width) |x| {
                const light: u8 = if ((x + moved) / size % 2 == 1) 235 else 16;
                to[x] = if (p > 0) 128 else light;
            }
        }
    }
    return .ok;
}
