/*
 * A disk that counts, waits and refuses, for a bridge that is started with it in LD_PRELOAD.
 *
 * What a power cut leaves of a file cannot be tried out here; what can is whether the bridge waits for the disk before
 * it answers. So every fsync and fdatasync is written down when it begins ("b") and when it ends ("e"), and one that
 * finds a file named "hold" does not go on while that is there. While there is a file named "read-only", writes to
 * regular files fail as on a file system that its kernel has made read-only after an error. (A mount cannot be made
 * read-only from outside while a program has files on it open for writing.)
 *
 * SHIM_FOLDER names the folder of "hold", "read-only" and "syncs", the file that is written to.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Longer than any test waits: nothing is left hanging by a test that has failed. */
#define LONGEST_HOLD_MS 60000

static int there(const char *name) {
    char path[PATH_MAX];
    const char *folder = getenv("SHIM_FOLDER");
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void write_down(char what) {
    char path[PATH_MAX];
    const char *folder = getenv("SHIM_FOLDER");
    if (!folder) return;
    snprintf(path, sizeof path, "%s/syncs", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    /* Not write(): that is the one below. */
    syscall(SYS_write, file, &what, 1);
    close(file);
}

static void begin(void) {
    struct timespec pause = {0, 2 * 1000 * 1000};
    write_down('b');
    for (int waited = 0; waited < LONGEST_HOLD_MS && there("hold"); waited += 2) nanosleep(&pause, NULL);
}

static int end(int result) {
    int error = errno;
    write_down('e');
    errno = error;
    return result;
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    begin();
    return end(real(file));
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    begin();
    return end(real(file));
}

static int refused(int file) {
    struct stat about;
    if (!there("read-only") || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
    errno = EROFS;
    return 1;
}

ssize_t write(int file, const void *bytes, size_t count) {
    return refused(file) ? -1 : syscall(SYS_write, file, bytes, count);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return refused(file) ? -1 : real(file, bytes, count, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return pwrite64(file, bytes, count, at);
}

int unlink(const char *path) {
    if (there("read-only")) {
        errno = EROFS;
        return -1;
    }
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
