/* Stands in for the kernel's DMA heaps where there are none: a buffer is memory without a file.

   libcamera and picamera2 ask /dev/dma_heap/... for buffers and map what they get; for a camera
   without hardware any descriptor that can be mapped will do. Loaded by LD_PRELOAD.
   Numbers: <linux/dma-heap.h>, <linux/dma-buf.h>. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct allocation {
    uint64_t bytes;
    uint32_t descriptor;
    uint32_t descriptor_flags;
    uint64_t heap_flags;
};

#define HEAP_ALLOC _IOWR('H', 0, struct allocation)
#define BUFFER_KIND 'b'

typedef int (*opener)(const char *, int, ...);
typedef int (*opener_at)(int, const char *, int, ...);
typedef int (*controller)(int, unsigned long, ...);

static int is_heap(const char *path)
{
    return path && strcmp(path, "/dev/dma_heap/linux,cma") == 0;
}

static int heap(void)
{
    return memfd_create("heap", MFD_CLOEXEC);
}

#define OPENING(name)                                            \
    int name(const char *path, int flags, ...)                   \
    {                                                            \
        va_list rest;                                            \
        va_start(rest, flags);                                   \
        int mode = va_arg(rest, int);                            \
        va_end(rest);                                            \
        if (is_heap(path))                                       \
            return heap();                                       \
        return ((opener)dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }

#define OPENING_AT(name)                                         \
    int name(int folder, const char *path, int flags, ...)       \
    {                                                            \
        va_list rest;                                            \
        va_start(rest, flags);                                   \
        int mode = va_arg(rest, int);                            \
        va_end(rest);                                            \
        if (is_heap(path))                                       \
            return heap();                                       \
        return ((opener_at)dlsym(RTLD_NEXT, #name))(folder, path, flags, mode); \
    }

#define OPENING_CHECKED(name)                                    \
    int name(const char *path, int flags)                        \
    {                                                            \
        if (is_heap(path))                                       \
            return heap();                                       \
        return ((opener)dlsym(RTLD_NEXT, #name))(path, flags);   \
    }

OPENING(open)
OPENING(open64)
OPENING_AT(openat)
OPENING_AT(openat64)
OPENING_CHECKED(__open_2)
OPENING_CHECKED(__open64_2)

int ioctl(int descriptor, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (request == HEAP_ALLOC) {
        struct allocation *wanted = argument;
        int buffer = memfd_create("buffer", MFD_CLOEXEC);
        if (buffer < 0 || ftruncate(buffer, (off_t)wanted->bytes) < 0)
            return -1;
        wanted->descriptor = (uint32_t)buffer;
        return 0;
    }
    int status = ((controller)dlsym(RTLD_NEXT, "ioctl"))(descriptor, request, argument);
    /* Synchronising and naming mean nothing to plain memory. */
    if (status < 0 && errno == ENOTTY && _IOC_TYPE(request) == BUFFER_KIND)
        return 0;
    return status;
}
