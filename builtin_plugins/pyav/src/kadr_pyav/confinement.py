"""What a process gives up for good before it looks at a file that nobody vouches for.

Everywhere: core dumps. On POSIX: memory, open files and the size of files by rlimits. On Linux of
x86-64 and ARM64 the kernel refuses it, by seccomp (mode filter, no new privileges): sockets, new
processes and programs, writing to any file that is not open yet, signals, tracing, and changes of
names, rights and mounts. What is left is reading files, memory, threads and what was open before.

The numbers are those of ``asm/unistd.h``; the program is classic BPF as ``seccomp(2)`` describes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
import struct
import sys
from dataclasses import dataclass

__all__ = ["confine"]

_FILES = 64
_WORDS = 1 << 20  # bytes that it may write to its error output


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls of a machine.

    Attributes:
        machine: ``AUDIT_ARCH_...``.
        refused: whatever their arguments are.
        open: those that open files, with the number of the argument that says what for.
    """

    machine: int
    refused: tuple[int, ...]
    clone: int
    open: tuple[tuple[int, int], ...]


# Refused: socket, socketpair, connect, bind, listen, accept, accept4, sendto, sendmsg, sendmmsg, execve,
# execveat, fork, vfork, kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal,
# pidfd_getfd, ptrace, process_vm_readv, process_vm_writev, creat, truncate, ftruncate, fallocate,
# open_by_handle_at, rename, renameat, renameat2, unlink, unlinkat, link, linkat, symlink, symlinkat, mkdir,
# mkdirat, rmdir, mknod, mknodat, chmod, fchmod, fchmodat, chown, fchown, lchown, fchownat, utime, utimes,
# utimensat, futimesat, setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr, mount,
# umount2, pivot_root, chroot, setns, unshare, open_tree, move_mount, fsopen, fsmount, bpf, perf_event_open,
# io_uring_setup, io_uring_enter, io_uring_register, userfaultfd, keyctl, add_key, request_key, init_module,
# finit_module, delete_module, kexec_load, reboot, swapon, swapoff, setuid, setgid.
_X86_64 = _Calls(
    0xC000003E,
    (
        41, 42, 43, 44, 46, 49, 50, 53, 57, 58, 59, 62, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92,
        93, 94, 101, 105, 106, 129, 132, 133, 155, 161, 165, 166, 167, 168, 169, 175, 176, 188, 189,
        190, 197, 198, 199, 200, 234, 235, 246, 248, 249, 250, 258, 259, 260, 261, 263, 264, 265, 266,
        268, 272, 280, 285, 288, 297, 298, 304, 307, 308, 310, 311, 313, 316, 321, 322, 323, 424, 425,
        426, 427, 428, 429, 430, 432, 438,
    ),
    clone=56,
    open=((2, 1), (257, 2)),
)  # fmt: skip
_ARM64 = _Calls(
    0xC00000B7,
    (
        5, 6, 7, 14, 15, 16, 33, 34, 35, 36, 37, 38, 39, 40, 41, 45, 46, 47, 51, 52, 53, 54, 55, 88, 97,
        104, 105, 106, 117, 129, 130, 131, 138, 142, 144, 146, 198, 199, 200, 201, 202, 203, 206, 211,
        217, 218, 219, 221, 224, 225, 240, 241, 242, 265, 268, 269, 270, 271, 273, 276, 280, 281, 282,
        424, 425, 426, 427, 428, 429, 430, 432, 438,
    ),
    clone=220,
    open=((56, 2),),
)  # fmt: skip
_HIDDEN = (435, 437)  # clone3, openat2: their arguments are out of sight, the C library does without
_TABLES = {"x86_64": _X86_64, "amd64": _X86_64, "aarch64": _ARM64, "arm64": _ARM64}

_LOAD, _EQUAL, _ANY, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _REFUSE, _ABSENT, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000  # EPERM, ENOSYS
_THREAD = 0x00010000  # CLONE_THREAD
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_X32 = 0x40000000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def confine(memory: int) -> tuple[str, ...]:
    """Give it up. What of it took effect: ``limits``, ``seccomp``.

    Args:
        memory: bytes that this process may have.
    """
    return (*_limit(memory), *_filter())


def _limit(memory: int) -> tuple[str, ...]:
    try:
        import resource
    except ImportError:  # Windows
        return ()
    wanted = {"CORE": 0, "FSIZE": _WORDS, "NOFILE": _FILES}
    if sys.platform == "linux":  # address space that is only reserved does not count there
        wanted["DATA"] = memory
    for name, value in wanted.items():
        number = getattr(resource, f"RLIMIT_{name}")
        most = resource.getrlimit(number)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(number, (value, value))
    return ("limits",)


def _filter() -> tuple[str, ...]:
    table = _TABLES.get(platform.machine().lower()) if sys.platform == "linux" else None
    if table is None or sys.maxsize < 1 << 32:
        return ()
    code = _program(table)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return ()
    if libc.prctl(_SECCOMP, _FILTER, ctypes.create_string_buffer(program, len(program)), 0, 0) != 0:
        return ()
    return ("seccomp",)


def _program(calls: _Calls) -> bytes:
    """Steps of 8 bytes: operation, jumps where true and false, value."""
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, calls.machine), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0),
    ]  # fmt: skip
    if calls is _X86_64:
        steps += [(_ANY, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for numbers, answer in ((calls.refused, _REFUSE), (_HIDDEN, _ABSENT)):
        for number in numbers:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]
    for number, argument in calls.open:
        steps += [
            (_EQUAL, 0, 4, number), (_LOAD, 0, 0, 16 + 8 * argument),
            (_ANY, 0, 1, _WRITING), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW),
        ]  # fmt: skip
    steps += [
        (_EQUAL, 0, 4, calls.clone), (_LOAD, 0, 0, 16),
        (_ANY, 1, 0, _THREAD), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    return b"".join(struct.pack("HBBI", *step) for step in steps)
