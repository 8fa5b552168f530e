//! An importer of M3U playlists for kadr: JSON in, JSON out, by the functions that Extism gives a guest.
const std = @import("std");

// What a guest may call. Data lies in Extism's memory and is read and written through these.
const host = struct {
    extern "extism:host/env" fn input_length() u64;
    extern "extism:host/env" fn input_load_u8(at: u64) u8;
    extern "extism:host/env" fn alloc(size: u64) u64;
    extern "extism:host/env" fn store_u8(at: u64, byte: u8) void;
    extern "extism:host/env" fn output_set(at: u64, size: u64) void;
    extern "extism:host/env" fn error_set(at: u64) void;
};

const Question = struct { input: struct { text: []const u8 = "" } };
const Clip = struct { id: []u8, source_file: []const u8, start_time: []u8, duration: []u8 };
const Track = struct { id: []const u8 = "v1", clips: []const Clip };
const Note = struct { kind: []const u8, where: []const u8, message: []const u8 };
const Answer = struct {
    project: struct { timeline: struct { tracks: []const Track } },
    notes: []const Note,
};

/// kadr calls this: 0 is fine, 1 means that there is an error text.
export fn load() i32 {
    answer() catch |problem| {
        const words = if (problem == error.NoPlaylist) "this is no M3U playlist" else @errorName(problem);
        host.error_set(handed(words));
        return 1;
    };
    return 0;
}

fn answer() !void {
    const memory = std.heap.wasm_allocator;
    const question = try std.json.parseFromSliceLeaky(Question, memory, try given(memory), .{ .ignore_unknown_fields = true });
    var clips: std.ArrayList(Clip) = .empty;
    var notes: std.ArrayList(Note) = .empty;
    var start: u64 = 0; // milliseconds
    var duration: u64 = 0;
    var number: usize = 0;
    var lines = std.mem.splitScalar(u8, question.input.text, '\n');
    while (lines.next()) |raw| {
        number += 1;
        const line = std.mem.trim(u8, raw, " \r\t");
        if (number == 1 and !std.mem.startsWith(u8, line, "#EXTM3U")) return error.NoPlaylist;
        if (std.mem.startsWith(u8, line, "#EXTINF:")) {
            const text = std.mem.sliceTo(line["#EXTINF:".len..], ',');
            duration = milliseconds(text);
        } else if (line.len > 0 and line[0] != '#') {
            if (duration == 0) {
                const where = try std.fmt.allocPrint(memory, "line {d}", .{number});
                try notes.append(memory, .{ .kind = "lost", .where = where, .message = "a file without a length" });
                continue;
            }
            const id = try std.fmt.allocPrint(memory, "{d}", .{clips.items.len + 1});
            try clips.append(memory, .{
                .id = id,
                .source_file = line,
                .start_time = try seconds(memory, start),
                .duration = try seconds(memory, duration),
            });
            start += duration;
            duration = 0;
        }
    }
    const tracks = [_]Track{.{ .clips = clips.items }};
    const whole = Answer{ .project = .{ .timeline = .{ .tracks = &tracks } }, .notes = notes.items };
    const text = try std.json.Stringify.valueAlloc(memory, whole, .{});
    host.output_set(handed(text), text.len);
}

/// "-1", which means that nobody knows, and everything else that is no length, is 0.
fn milliseconds(text: []const u8) u64 {
    const dot = std.mem.indexOfScalar(u8, text, '.') orelse text.len;
    const whole = std.fmt.parseInt(u32, text[0..dot], 10) catch return 0;
    var found: u64 = @as(u64, whole) * 1000;
    var worth: u64 = 100;
    for (text[@min(dot + 1, text.len)..]) |digit| {
        if (digit < '0' or digit > '9') return 0;
        found += worth * (digit - '0');
        worth /= 10;
    }
    return found;
}

/// An exact time as a project has it.
fn seconds(memory: std.mem.Allocator, time: u64) ![]u8 {
    return std.fmt.allocPrint(memory, "{d}/1000", .{time});
}

fn given(memory: std.mem.Allocator) ![]u8 {
    const data = try memory.alloc(u8, @intCast(host.input_length()));
    for (data, 0..) |*byte, at| byte.* = host.input_load_u8(at);
    return data;
}

fn handed(text: []const u8) u64 {
    const at = host.alloc(text.len);
    for (text, 0..) |byte, n| host.store_u8(at + n, byte);
    return at;
}
