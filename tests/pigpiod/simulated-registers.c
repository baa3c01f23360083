// SPDX-License-Identifier: GPL-3.0-or-later
//
// Lets the real pigpiod run where there is no Raspberry Pi: preloaded into it, this answers for the hardware.
//
// - /dev/mem becomes memory of the process alone, empty and as large as any address pigpiod maps;
// - /proc/cpuinfo becomes that of a Pi 3, because pigpiod refuses to run on anything else;
// - with LAMPI_PIGPIOD_DIR set, the lock file and the FIFOs are made in that folder, so that several can run
//   at a time and none touches the machine.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PI3[] = "model name\t: ARMv7 Processor rev 4 (v7l)\nHardware\t: BCM2835\nRevision\t: a02082\n";

// The peripherals lie below 4 GiB, but the DMA buffers are mapped at the machine's own page addresses. The file
// stays sparse.
static const off64_t LARGEST_ADDRESS = (off64_t)1 << 40;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *moved(const char *path)
{
   static _Thread_local char place[4096];
   const char *folder = getenv("LAMPI_PIGPIOD_DIR");
   if (!folder || (strncmp(path, "/dev/pig", 8) != 0 && strcmp(path, "/var/run/pigpio.pid") != 0)) return path;
   snprintf(place, sizeof place, "%s%s", folder, strrchr(path, '/'));
   return place;
}

int open64(const char *path, int flags, ...)
{
   va_list rest;
   va_start(rest, flags);
   mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
   va_end(rest);
   if (strcmp(path, "/dev/mem") != 0) return REAL(open64)(moved(path), flags, mode);
   int fd = memfd_create("registers", MFD_CLOEXEC);
   if (fd >= 0 && ftruncate64(fd, LARGEST_ADDRESS) != 0) abort();
   return fd;
}

FILE *fopen64(const char *path, const char *mode)
{
   if (strcmp(path, "/proc/cpuinfo") == 0) return fmemopen((void *)PI3, sizeof PI3 - 1, "r");
   return REAL(fopen64)(moved(path), mode);
}

FILE *freopen64(const char *path, const char *mode, FILE *file) { return REAL(freopen64)(moved(path), mode, file); }
int mkfifo(const char *path, mode_t mode) { return REAL(mkfifo)(moved(path), mode); }
int chmod(const char *path, mode_t mode) { return REAL(chmod)(moved(path), mode); }
int unlink(const char *path) { return REAL(unlink)(moved(path)); }

// pigpiod asks for the names without 64.
int open(const char *path, int flags, ...) __attribute__((alias("open64")));
FILE *fopen(const char *path, const char *mode) __attribute__((alias("fopen64")));
FILE *freopen(const char *path, const char *mode, FILE *file) __attribute__((alias("freopen64")));
