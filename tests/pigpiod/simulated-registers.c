// SPDX-License-Identifier: GPL-3.0-or-later
//
// Simulates the hardware of a Raspberry Pi for the real pigpiod, as a preloaded library.
//
// - /dev/mem becomes private memory of the process, empty and as large as any address that pigpiod maps;
// - the pages of the DMA buffers get consecutive numbers: pigpiod keeps only the lowest 30 bits of a real address and exits
//   if they are zero, which happens on machines with more than 1 GiB;
// - in this memory the system timer runs and the DMA engine advances, because pigpiod waits for both at start-up;
// - /proc/cpuinfo becomes that of a Pi 3, because pigpiod refuses to run on other machines;
// - the levels of the pins 0 to 31 are those of an idle lamp: low except the panel's button on pin 17, which has a pull-up
//   resistor. LAMPI_PIGPIOD_LEVELS overrides them with a number, one bit for each pin;
// - with LAMPI_PIGPIOD_DIR set, pigpiod creates the lock file and the FIFOs in that directory, so that several can run at
//   the same time without an effect on the machine.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char PI3[] = "model name\t: ARMv7 Processor rev 4 (v7l)\nHardware\t: BCM2835\nRevision\t: a02082\n";

// The peripherals of a Pi are below 1 GiB. The pages of the DMA buffers are above it, so they never overlap. The file is
// sparse.
static const off64_t DMA_MEMORY = (off64_t)1 << 40, LARGEST_ADDRESS = (off64_t)1 << 41;

// BCM2835 ARM Peripherals, chapters 4, 6 and 12, at the base address of a Pi 3; pigpiod samples on DMA channel 14.
static const off64_t SYSTEM_TIMER = 0x3F003000, DMA = 0x3F007000, PINS = 0x3F200000;
enum { TIMER_LOW = 1, LEVELS = 0x34 / 4, CONTROL_BLOCK = 14 * 0x100 / 4 + 1 };

// One sampling cycle of pigpiod in bytes of DMA control blocks.
static const uint32_t CYCLE = 78 * 32;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *moved(const char *path)
{
   static _Thread_local char place[4096];
   const char *directory = getenv("LAMPI_PIGPIOD_DIR");
   if (!directory || (strncmp(path, "/dev/pig", 8) != 0 && strcmp(path, "/var/run/pigpio.pid") != 0)) return path;
   snprintf(place, sizeof place, "%s%s", directory, strrchr(path, '/'));
   return place;
}

static volatile uint32_t *timer, *dma;
static int pagemap = -1;

static volatile uint32_t *page(int registers, off64_t address)
{
   void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, registers, address);
   if (mapped == MAP_FAILED) abort();
   return mapped;
}

static void *run(void *unused)
{
   (void)unused;
   uint32_t start = 0, set = 0;
   for (;;) {
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      timer[TIMER_LOW] = (uint32_t)(now.tv_sec * 1000000 + now.tv_nsec / 1000);
      uint32_t block = dma[CONTROL_BLOCK];
      if (block != set) start = block;
      if (start != 0) dma[CONTROL_BLOCK] = set = block == start ? start + CYCLE : start;
      usleep(10000);
   }
   return NULL;
}

void *mmap(void *place, size_t size, int access, int flags, int fd, off_t address)
{
   off64_t base = flags & MAP_FIXED && fd >= 0 ? DMA_MEMORY : 0;
   return REAL(mmap64)(place, size, access, flags, fd, base + address);
}

int open64(const char *path, int flags, ...)
{
   va_list rest;
   va_start(rest, flags);
   mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
   va_end(rest);
   if (strcmp(path, "/proc/self/pagemap") == 0) return pagemap = REAL(open64)(path, flags);
   if (strcmp(path, "/dev/mem") != 0) return REAL(open64)(moved(path), flags, mode);
   int registers = memfd_create("registers", MFD_CLOEXEC);
   pthread_t thread;
   if (registers < 0 || ftruncate64(registers, LARGEST_ADDRESS) != 0) abort();
   // Mapped before the thread runs: pigpiod frees an area and maps it again, assuming that no other thread maps.
   timer = page(registers, SYSTEM_TIMER);
   dma = page(registers, DMA);
   const char *levels = getenv("LAMPI_PIGPIOD_LEVELS");
   page(registers, PINS)[LEVELS] = levels ? strtoul(levels, NULL, 0) : 1 << 17;
   if (pthread_create(&thread, NULL, run, NULL) != 0) abort();
   return registers;
}

ssize_t read(int fd, void *buffer, size_t size)
{
   static uint64_t pages;
   if (fd < 0 || fd != pagemap) return REAL(read)(fd, buffer, size);
   ++pages;
   memcpy(buffer, &pages, sizeof pages);
   return sizeof pages;
}

int close(int fd)
{
   if (fd == pagemap) pagemap = -1;
   return REAL(close)(fd);
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

// pigpiod uses the names without 64.
int open(const char *path, int flags, ...) __attribute__((alias("open64")));
FILE *fopen(const char *path, const char *mode) __attribute__((alias("fopen64")));
FILE *freopen(const char *path, const char *mode, FILE *file) __attribute__((alias("freopen64")));
