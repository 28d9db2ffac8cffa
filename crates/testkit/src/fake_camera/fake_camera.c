/* A camera for a machine that has none. Preloaded, it answers for /dev/video0 in the place of the kernel, by the rules of
 * Video4Linux (https://docs.kernel.org/userspace-api/media/v4l/), so that the real camera code runs from end to end.
 *
 * Every picture is dark with one bright quarter, which moves on by one with each picture.
 *
 * FAKE_CAMERA says what it is like:
 *   mjpeg   1920x1080 and 1280x720 MJPEG at 30, 640x480 YUYV at 30     busy       open: EBUSY
 *   yuyv    640x480 YUYV at 30                                         taken      opens, but another has the stream: EBUSY
 *   nv12    1280x720 NV12 at 30                                        forbidden  open: EACCES
 *   ntsc    1280x720 MJPEG at 30000/1001                               none       open: ENOENT
 *   film    1280x720 MJPEG at 15000/1001                               codec      opens, but gives no pictures
 *   bare    as mjpeg, without Huffman tables                           left       as mjpeg, but left at 7.5 by another
 *   mixed   640x480 YUYV at 30 and 1280x720 at 120/2                   wide       as yuyv, with 64 bytes more in each row
 *   torn    as mjpeg, but of three pictures one is torn and says so, and one is torn and does not
 *   narrow  as mjpeg, but the bus has no room for more than 640x480: ENOSPC
 *   steps   YUYV from 320x240 to 1280x960 in steps of 16, at any rate from 1 to 60
 * The file that FAKE_CAMERA_FATE names holds a word and a number of pictures, and may change at any time:
 *   running 0      unplugged n   after n pictures all is answered by ENODEV, and open by ENOENT
 *   stalled n      after n pictures since it was opened there are no more
 *   hiccup n       the same, but only until it is opened again
 * FAKE_CAMERA_LIST is the folder that answers for /sys/class/video4linux.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
enum { BUFFERS = 4, ROOM = 1 << 22 };

struct offer { unsigned format, width, height, numerator, denominator; };
static const struct offer MJPEG[] = {
    {V4L2_PIX_FMT_MJPEG, 1920, 1080, 1, 30}, {V4L2_PIX_FMT_MJPEG, 1280, 720, 1, 30}, {V4L2_PIX_FMT_YUYV, 640, 480, 1, 30}};
static const struct offer YUYV[] = {{V4L2_PIX_FMT_YUYV, 640, 480, 1, 30}};
static const struct offer NV12[] = {{V4L2_PIX_FMT_NV12, 1280, 720, 1, 30}};
static const struct offer NTSC[] = {{V4L2_PIX_FMT_MJPEG, 1280, 720, 1001, 30000}};
static const struct offer MIXED[] = {{V4L2_PIX_FMT_YUYV, 640, 480, 1, 30}, {V4L2_PIX_FMT_YUYV, 1280, 720, 2, 120}};

static const struct offer FILM[] = {{V4L2_PIX_FMT_MJPEG, 1280, 720, 1001, 15000}};
static const struct offer STEPS[] = {{V4L2_PIX_FMT_YUYV, 640, 480, 1, 30}};

enum { FILES = 1024 };
static unsigned char is_open[FILES];             /* the descriptors that are this camera */
static int owner = -1, memory = -1, is_past_hiccup; /* who has the stream's buffers */
static struct offer current;
static unsigned taken, queue[BUFFERS], queued, streaming;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int is_camera(int file) { return file >= 0 && file < FILES && is_open[file]; }

static char other[32]; /* what is plugged in instead of the first, since the last open */

static int is(const char *kind) {
    const char *what = *other ? other : getenv("FAKE_CAMERA");
    return what && !strcmp(what, kind);
}

/* Its fate, after how many pictures, and which camera is there instead, if one is. */
static void read_fate(char word[32], unsigned *pictures, char instead[32]) {
    char words[96] = "";
    const char *path = getenv("FAKE_CAMERA_FATE");
    int file = path ? REAL(open)(path, O_RDONLY | O_CLOEXEC) : -1;
    *word = *instead = *pictures = 0;
    if (file < 0) return;
    if (read(file, words, sizeof words - 1) > 0) sscanf(words, "%31s %u %31s", word, pictures, instead);
    REAL(close)(file);
}

/* Whether this is its fate, and the pictures before it have been taken. */
static int is_fate(const char *fate) {
    char word[32], instead[32];
    unsigned pictures;
    read_fate(word, &pictures, instead);
    return !strcmp(word, fate) && taken >= pictures;
}

static int is_stalled(void) { return is_fate("stalled") || (is_fate("hiccup") && !is_past_hiccup); }

#define OFFERS(list) (*count = sizeof list / sizeof *list, list)
static const struct offer *offers(unsigned *count) {
    if (is("codec")) return *count = 0, MJPEG;
    if (is("yuyv") || is("wide")) return OFFERS(YUYV);
    return is("nv12") ? OFFERS(NV12) : is("ntsc") ? OFFERS(NTSC) : is("film") ? OFFERS(FILM) : is("mixed") ? OFFERS(MIXED)
         : is("steps") ? OFFERS(STEPS) : OFFERS(MJPEG);
}

static unsigned stride(void) { return current.width * (current.format == V4L2_PIX_FMT_YUYV ? 2 : 1) + (is("wide") ? 64 : 0); }

/* Pictures: 235 or 16 in video range, 255 or 0 in JPEG's. */
static int is_bright(unsigned column, unsigned number) { return column * 4 / current.width == number % 4; }

static unsigned char *bits_to;
static unsigned bits, bit_count;

static void put(unsigned value, unsigned length) {
    while (length--) {
        bits = bits << 1 | (value >> length & 1);
        if (++bit_count == 8) {
            *bits_to++ = bits;
            if ((bits & 255) == 255) *bits_to++ = 0;
            bits = bit_count = 0;
        }
    }
}

/* A code of a Huffman table. */
struct code { unsigned bits, length; };
struct codes { struct code same, step127, step254, end; };
static const struct codes SHORT = {{0, 1}, {2, 2}, {6, 3}, {0, 1}};
static const struct codes USUAL_LUMA = {{0, 2}, {30, 5}, {62, 6}, {10, 4}}; /* ITU-T T.81, K.3 */
static const struct codes USUAL_CHROMA = {{0, 2}, {0, 0}, {0, 0}, {0, 2}};

/* The difference of a block's brightness to the one before (F.1.2.1), then the end of the block. */
static void put_block(const struct codes *codes, int difference) {
    int is_large = abs(difference) > 127;
    struct code code = difference == 0 ? codes->same : is_large ? codes->step254 : codes->step127;
    put(code.bits, code.length);
    if (difference) put(difference < 0 ? difference - 1 : difference, is_large ? 8 : 7);
    put(codes->end.bits, codes->end.length);
}

static unsigned char *append(unsigned char *to, const void *from, size_t length) {
    return (unsigned char *)memcpy(to, from, length) + length;
}

static size_t jpeg(unsigned char *to, unsigned number) {
    static const unsigned char begin_of_all[] = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0};
    static const unsigned char tables[] = {
        0xff, 0xc4, 0, 22, 0x00, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8, /* steps of 0, of 7 and of 8 bits */
        0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};      /* nothing but ends of blocks */
    unsigned char chroma = is("bare") ? 0x11 : 0;
    unsigned char frame[] = {0xff, 0xc0, 0, 17, 8, current.height >> 8, current.height & 255, current.width >> 8,
                             current.width & 255, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0};
    unsigned char scan[] = {0xff, 0xda, 0, 12, 3, 1, 0, 2, chroma, 3, chroma, 0, 63, 0};
    const struct codes *luma_codes = is("bare") ? &USUAL_LUMA : &SHORT, *chroma_codes = is("bare") ? &USUAL_CHROMA : &SHORT;
    unsigned char *begin = to;
    to = append(to, begin_of_all, sizeof begin_of_all);
    memset(to, 8, 64), to += 64;
    to = append(to, frame, sizeof frame);
    if (!is("bare")) to = append(to, tables, sizeof tables);
    bits_to = append(to, scan, sizeof scan);
    bits = bit_count = 0;
    int before = 0;
    for (unsigned y = 0; y < (current.height + 15) / 16; y++)
        for (unsigned x = 0; x < current.width / 16; x++) {
            int level = is_bright(x * 16, number) ? 127 : -127;
            put_block(luma_codes, level - before);
            before = level;
            for (int rest = 0; rest < 5; rest++) put_block(rest < 3 ? luma_codes : chroma_codes, 0);
        }
    put(127, 7);
    *bits_to++ = 0xff, *bits_to++ = 0xd9;
    return bits_to - begin;
}

static size_t draw(unsigned char *to, unsigned number) {
    unsigned height = current.height;
    if (current.format == V4L2_PIX_FMT_MJPEG) {
        size_t length = jpeg(to, number);
        memset(to + length, 0x55, 1 << 16); /* what an earlier picture left */
        return is("torn") && number % 3 ? length / 2 : length;
    }
    unsigned step = current.format == V4L2_PIX_FMT_YUYV ? 2 : 1;
    memset(to, 128, stride() * height * 2);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < current.width; x++) to[y * stride() + x * step] = is_bright(x, number) ? 235 : 16;
    return step == 2 ? stride() * height : stride() * height * 3 / 2;
}

static int fail(int error) { return errno = error, -1; }

static int run(int on) {
    unsigned long period = on ? 1000000000ul * current.numerator / current.denominator : 0;
    struct itimerspec timer = {{0, period}, {0, period}};
    return timerfd_settime(owner, 0, &timer, NULL);
}

static void describe(struct v4l2_pix_format *pix) {
    memset(pix, 0, sizeof *pix);
    pix->width = current.width, pix->height = current.height, pix->pixelformat = current.format;
    pix->field = V4L2_FIELD_NONE, pix->sizeimage = ROOM;
    pix->bytesperline = current.format == V4L2_PIX_FMT_MJPEG ? 0 : stride();
}

static int dequeue(struct v4l2_buffer *buffer) {
    unsigned long ticks;
    if (read(owner, &ticks, sizeof ticks) < 0) return -1;
    if (is_stalled()) return run(0), fail(EAGAIN);
    if (!queued) return fail(EAGAIN);
    buffer->index = queue[0];
    memmove(queue, queue + 1, --queued * sizeof *queue);
    unsigned char *to = REAL(mmap)(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, memory, (off_t)buffer->index * ROOM);
    buffer->bytesused = draw(to, taken);
    munmap(to, ROOM);
    buffer->flags = is("torn") && taken % 3 == 1 ? V4L2_BUF_FLAG_ERROR : 0;
    buffer->length = ROOM, buffer->sequence = taken++;
    if (is_stalled()) run(0);
    return 0;
}

static int answer(int file, unsigned long request, void *argument) {
    unsigned count, found = 0;
    const struct offer *all = offers(&count);
    if (is_fate("unplugged")) return fail(ENODEV);
    switch ((unsigned)request) {
    case (unsigned)VIDIOC_QUERYCAP: {
        struct v4l2_capability *about = argument;
        strcpy((char *)about->card, "Fake"), strcpy((char *)about->driver, "fake");
        about->device_caps = (is("codec") ? V4L2_CAP_VIDEO_M2M : V4L2_CAP_VIDEO_CAPTURE) | V4L2_CAP_STREAMING;
        about->capabilities = about->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case (unsigned)VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *about = argument;
        for (unsigned i = 0; i < count; i++)
            if ((i == 0 || all[i].format != all[i - 1].format) && found++ == about->index)
                return about->pixelformat = all[i].format, 0;
        return fail(EINVAL);
    }
    case (unsigned)VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *about = argument;
        if (is("steps")) {
            about->type = V4L2_FRMSIZE_TYPE_STEPWISE;
            about->stepwise = (struct v4l2_frmsize_stepwise){320, 1280, 16, 240, 960, 16};
            return about->index ? fail(EINVAL) : 0;
        }
        for (unsigned i = 0; i < count; i++)
            if (all[i].format == about->pixel_format && found++ == about->index) {
                about->type = V4L2_FRMSIZE_TYPE_DISCRETE;
                about->discrete.width = all[i].width, about->discrete.height = all[i].height;
                return 0;
            }
        return fail(EINVAL);
    }
    case (unsigned)VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *about = argument;
        if (is("steps")) {
            about->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
            about->stepwise = (struct v4l2_frmival_stepwise){{1, 60}, {1, 1}, {1, 1}};
            return about->index ? fail(EINVAL) : 0;
        }
        for (unsigned i = 0; i < count; i++)
            if (all[i].format == about->pixel_format && all[i].width == about->width && found++ == about->index) {
                about->type = V4L2_FRMIVAL_TYPE_DISCRETE;
                about->discrete.numerator = all[i].numerator, about->discrete.denominator = all[i].denominator;
                return 0;
            }
        return fail(EINVAL);
    }
    case (unsigned)VIDIOC_S_FMT: {
        struct v4l2_pix_format *pix = &((struct v4l2_format *)argument)->fmt.pix;
        if (is("taken") || owner >= 0) return fail(EBUSY);
        for (unsigned i = 0; i < count; i++)
            if (all[i].format == pix->pixelformat && all[i].width == pix->width) current = all[i];
        if (is("steps")) current.width = pix->width, current.height = pix->height;
        if (is("left")) current.numerator = 2, current.denominator = 15; /* the format does not change the rate */
        return describe(pix), 0;
    }
    case (unsigned)VIDIOC_G_FMT: return describe(&((struct v4l2_format *)argument)->fmt.pix), 0;
    case (unsigned)VIDIOC_S_PARM:
    case (unsigned)VIDIOC_G_PARM: {
        struct v4l2_fract *interval = &((struct v4l2_streamparm *)argument)->parm.capture.timeperframe;
        for (unsigned i = 0; i < count && (unsigned)request == (unsigned)VIDIOC_S_PARM; i++)
            if (is("steps") || (all[i].format == current.format && all[i].width == current.width &&
                                all[i].numerator == interval->numerator && all[i].denominator == interval->denominator))
                current.numerator = interval->numerator, current.denominator = interval->denominator;
        interval->numerator = current.numerator, interval->denominator = current.denominator;
        return 0;
    }
    case (unsigned)VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *about = argument;
        if (is("taken") || (owner >= 0 && owner != file)) return fail(EBUSY);
        if (memory < 0) memory = memfd_create("fake camera", MFD_CLOEXEC);
        if (about->count > BUFFERS) about->count = BUFFERS;
        owner = about->count ? file : -1;
        return queued = 0, ftruncate(memory, (off_t)BUFFERS * ROOM);
    }
    case (unsigned)VIDIOC_QUERYBUF: {
        struct v4l2_buffer *about = argument;
        about->length = ROOM, about->m.offset = about->index * ROOM;
        return 0;
    }
    case (unsigned)VIDIOC_QBUF:
        if (queued < BUFFERS) queue[queued++] = ((struct v4l2_buffer *)argument)->index;
        return 0;
    case (unsigned)VIDIOC_DQBUF: return dequeue(argument);
    case (unsigned)VIDIOC_STREAMON:
        if (is("narrow") && current.width > 640) return fail(ENOSPC);
        return streaming = 1, is_stalled() ? 0 : run(1);
    case (unsigned)VIDIOC_STREAMOFF: return queued = 0, owner == file ? streaming = 0, run(0) : 0;
    default: return fail(EINVAL);
    }
}

static int control(int file, unsigned long request, void *argument) {
    pthread_mutex_lock(&lock);
    int result = answer(file, request, argument);
    pthread_mutex_unlock(&lock);
    return result;
}

static int plug_in(void) {
    unsigned count, pictures;
    char word[32];
    pthread_mutex_lock(&lock);
    if (owner < 0) read_fate(word, &pictures, other);
    pthread_mutex_unlock(&lock);
    if (is("busy")) return fail(EBUSY);
    if (is("forbidden")) return fail(EACCES);
    if (is("none") || is_fate("unplugged")) return fail(ENOENT);
    int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (file < 0 || file >= FILES) return fail(EMFILE);
    pthread_mutex_lock(&lock);
    if (owner < 0) {
        is_past_hiccup = is_fate("hiccup"), taken = 0;
        current = offers(&count)[0];
        if (is("left")) current.numerator = 2, current.denominator = 15;
    }
    is_open[file] = 1;
    pthread_mutex_unlock(&lock);
    return file;
}

int close(int file) {
    if (is_camera(file)) {
        pthread_mutex_lock(&lock);
        is_open[file] = 0;
        if (owner == file) owner = -1, streaming = queued = 0;
        pthread_mutex_unlock(&lock);
    }
    return REAL(close)(file);
}

static int is_node(const char *path) { return !strncmp(path, "/dev/video", 10); }

/* The path itself, or the one in the folder that stands for the kernel's list. */
static const char *path_for(const char *path, char room[4096]) {
    static const char list[] = "/sys/class/video4linux";
    if (strncmp(path, list, sizeof list - 1) || !getenv("FAKE_CAMERA_LIST")) return path;
    snprintf(room, 4096, "%s%s", getenv("FAKE_CAMERA_LIST"), path + sizeof list - 1);
    return room;
}

#define MODE(last) ({ va_list list; va_start(list, last); int mode = va_arg(list, int); va_end(list); mode; })
#define OPEN(name)                                                                                                         \
    int name(const char *path, int flags, ...) {                                                                           \
        char room[4096];                                                                                                   \
        return is_node(path) ? plug_in() : REAL(name)(path_for(path, room), flags, MODE(flags));                         \
    }
#define OPENAT(name)                                                                                                       \
    int name(int folder, const char *path, int flags, ...) {                                                               \
        char room[4096];                                                                                                   \
        return is_node(path) ? plug_in() : REAL(name)(folder, path_for(path, room), flags, MODE(flags));                 \
    }
#define MMAP(name, offset_type)                                                                                            \
    void *name(void *at, size_t length, int protection, int flags, int file, offset_type offset) {                         \
        return REAL(name)(at, length, protection, flags, is_camera(file) ? memory : file, offset);              \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

DIR *opendir(const char *path) {
    char room[4096];
    return REAL(opendir)(path_for(path, room));
}

int ioctl(int file, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    return is_camera(file) ? control(file, request, argument) : REAL(ioctl)(file, request, argument);
}

long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_ioctl && is_camera(a[0])) return control(a[0], a[1], (void *)a[2]);
    return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
