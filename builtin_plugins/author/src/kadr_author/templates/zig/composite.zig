//! @TITLE@: two tracks beside each other. The inputs come in the order of the declaration.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const out = job.output();
    const left = job.input(0, 0) orelse return job.fail(.failed, "two inputs are expected");
    const right = job.input(1, 0) orelse return job.fail(.failed, "two inputs are expected");
    if (out.depth > 8) return job.fail(.unsupported, "8 bit are expected");
    for (0..out.plane_count) |p| {
        const width = out.planes[p].width;
        const edge: u32 = @intFromFloat(job.param(0).number * @as(f64, @floatFromInt(width)) + 0.5);
        const rows = job.rows(@intCast(p));
        for (rows[0]..rows[1]) |y| {
            const to = out.planes[p].row(u8, @intCast(y));
            @memcpy(to[0..edge], left.planes[p].row(u8, @intCast(y))[0..edge]);
            @memcpy(to[edge..width], right.planes[p].row(u8, @intCast(y))[edge..width]);
        }
    }
    return .ok;
}
