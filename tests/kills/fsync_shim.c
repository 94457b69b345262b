// What a power cut would leave of one file. Preloaded into a process, this notes in SACOLA_SHIM_DIR, of the file whose name ends
// in SACOLA_SHIM_FILE:
//   synced  how long the file was when it was last flushed
//   undo    what each write since then wrote over: place and length (8 bytes each), then the bytes that were there
// With SACOLA_SHIM_CUT=n the process dies right before its n-th flush of that file: what was written for it is not on the disk.
// Worst case: nothing that was not flushed has reached the disk. tests/kills/shim.rs builds it and puts the file back to that.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int is_watched(int fd) {
    const char *end = getenv("SACOLA_SHIM_FILE");
    if (end == NULL || getenv("SACOLA_SHIM_DIR") == NULL) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < (ssize_t)strlen(end)) return 0;
    path[length] = 0;
    return strcmp(path + length - strlen(end), end) == 0;
}

static int note(const char *name, int flags) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("SACOLA_SHIM_DIR"), name);
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) abort();
    return fd;
}

static void put(int fd, const void *bytes, size_t length) {
    if (write(fd, bytes, length) != (ssize_t)length) abort();
}

// Before `length` bytes at `place` are written over or cut off.
static void keep(int fd, int64_t place, int64_t length) {
    char *bytes = malloc(length > 0 ? (size_t)length : 1);
    ssize_t held = pread64(fd, bytes, (size_t)length, place);
    if (bytes == NULL || held < 0) abort();
    int64_t head[2] = {place, held};
    int undo = note("undo", O_WRONLY | O_APPEND);
    put(undo, head, sizeof head);
    put(undo, bytes, (size_t)held);
    close(undo);
    free(bytes);
}

static int flush(const char *call, int fd) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
    struct stat before;
    int watched = is_watched(fd) && fstat(fd, &before) == 0;
    static int flushes = 0;
    const char *cut = getenv("SACOLA_SHIM_CUT");
    if (watched && cut != NULL && __sync_add_and_fetch(&flushes, 1) == atoi(cut)) kill(getpid(), SIGKILL);
    int result = next(fd);
    if (result == 0 && watched) {
        char text[32];
        int length = snprintf(text, sizeof text, "%020lld", (long long)before.st_size);
        int synced = note("synced", O_WRONLY);
        put(synced, text, (size_t)length);
        close(synced);
        close(note("undo", O_WRONLY | O_TRUNC));
    }
    return result;
}

static ssize_t write_at(const char *call, int fd, const void *bytes, size_t length, off64_t place) {
    ssize_t (*next)(int, const void *, size_t, off64_t) =
        (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, call);
    if (is_watched(fd)) keep(fd, place, (int64_t)length);
    return next(fd, bytes, length, place);
}

static int resize(const char *call, int fd, off64_t length) {
    int (*next)(int, off64_t) = (int (*)(int, off64_t))dlsym(RTLD_NEXT, call);
    struct stat before;
    if (is_watched(fd) && fstat(fd, &before) == 0 && before.st_size > length) {
        keep(fd, length, before.st_size - length);
    }
    return next(fd, length);
}

int fsync(int fd) { return flush("fsync", fd); }
int fdatasync(int fd) { return flush("fdatasync", fd); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t place) { return write_at("pwrite", fd, bytes, length, place); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t place) { return write_at("pwrite64", fd, bytes, length, place); }
int ftruncate(int fd, off_t length) { return resize("ftruncate", fd, length); }
int ftruncate64(int fd, off64_t length) { return resize("ftruncate64", fd, length); }
