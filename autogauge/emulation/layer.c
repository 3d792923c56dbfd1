/* An OpenCL layer that lets OpenVINO's GPU plugin run on Intel's OpenCL runtime for CPUs: the emulated GPU.
 *
 * The OpenCL loader takes layers from OPENCL_LAYERS. A layer gets the loader's dispatch table and gives back a copy with some
 * entries replaced; the order of that table is a stable ABI (Khronos, "OpenCL ICD loader: layers"; cl_icd.h). Each replaced
 * entry answers one obstacle, and its comment says which. Building, loading and switching on are left to the Python beside it.
 *
 * No header of OpenCL is needed to build this: what is used of it is declared here.
 */

#define _GNU_SOURCE /* memmem */
#include "gpus.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t cl_int;
typedef uint32_t cl_uint;
typedef uint64_t cl_ulong;
typedef void *cl_object; /* device, context, queue, program, kernel, event */

enum {
    SUCCESS = 0,
    DEVICE_NOT_FOUND = -1,
    OUT_OF_HOST_MEMORY = -6,
    BUILD_PROGRAM_FAILURE = -11,
    INVALID_VALUE = -30,
    INVALID_WORK_DIMENSION = -53,
    INVALID_WORK_GROUP_SIZE = -54,
    INVALID_OPERATION = -59,
    INVALID_GLOBAL_WORK_SIZE = -63
};

enum {
    LAYER_API_VERSION = 0x4240,
    LAYER_API_VERSION_100 = 100,
    DEVICE_TYPE = 0x1000,
    DEVICE_TYPE_GPU = 1 << 2,
    DEVICE_VENDOR_ID = 0x1001,
    NOBODYS_VENDOR_ID = 0xA0A0,
    DEVICE_NAME = 0x102B,
    DEVICE_VENDOR = 0x102C,
    DEVICE_EXTENSIONS = 0x1030,
    DEVICE_HOST_UNIFIED_MEMORY = 0x1035,
    DEVICE_PARTITION_BY_COUNTS = 0x1087,
    QUEUE_DEVICE = 0x1091,
    PROGRAM_DEVICES = 0x1163,
    KERNEL_PROGRAM = 0x1194,
    QUEUE_PROPERTIES = 0x1093,
    QUEUE_OUT_OF_ORDER = 1 << 0,
    MEM_FLAGS = 0x1101,
    DEVICE_IP_VERSION_INTEL = 0x4250,
    DEVICE_FEATURE_CAPABILITIES_INTEL = 0x4256
};

/* Places in the dispatch table. */
enum {
    GET_DEVICE_IDS = 2,
    GET_DEVICE_INFO = 3,
    CREATE_COMMAND_QUEUE = 9,
    GET_COMMAND_QUEUE_INFO = 12,
    CREATE_PROGRAM_WITH_SOURCE = 26,
    RETAIN_PROGRAM = 28,
    RELEASE_PROGRAM = 29,
    BUILD_PROGRAM = 30,
    GET_PROGRAM_INFO = 32,
    CREATE_KERNEL = 34,
    CREATE_KERNELS_IN_PROGRAM = 35,
    RETAIN_KERNEL = 36,
    RELEASE_KERNEL = 37,
    GET_KERNEL_INFO = 39,
    ENQUEUE_ND_RANGE_KERNEL = 59,
    GET_EXTENSION_FUNCTION_ADDRESS = 65,
    CREATE_SUB_DEVICES = 93,
    GET_EXTENSION_FUNCTION_ADDRESS_FOR_PLATFORM = 107,
    CREATE_COMMAND_QUEUE_WITH_PROPERTIES = 123,
    CLONE_KERNEL = 137,
    MOST_ENTRIES = 256
};

typedef cl_int get_device_ids_fn(cl_object platform, cl_ulong type, cl_uint count, cl_object *devices, cl_uint *count_ret);
typedef cl_int create_sub_devices_fn(cl_object device, const intptr_t *properties, cl_uint count, cl_object *devices, cl_uint *count_ret);
typedef cl_int get_info_fn(cl_object object, cl_uint name, size_t size, void *value, size_t *size_ret);
typedef cl_int get_device_info_fn(cl_object device, cl_uint name, size_t size, void *value, size_t *size_ret);
typedef cl_object create_queue_fn(cl_object context, cl_object device, cl_ulong properties, cl_int *error);
typedef cl_object create_queue_with_properties_fn(cl_object context, cl_object device, const cl_ulong *properties, cl_int *error);
typedef cl_object create_program_fn(cl_object context, cl_uint count, const char **strings, const size_t *lengths, cl_int *error);
typedef cl_int program_fn(cl_object program);
typedef cl_int kernel_fn(cl_object kernel);
typedef cl_object clone_kernel_fn(cl_object kernel, cl_int *error);
typedef cl_int build_program_fn(cl_object program, cl_uint count, const cl_object *devices, const char *options,
                                void (*notify)(cl_object, void *), void *user_data);
typedef cl_object create_kernel_fn(cl_object program, const char *name, cl_int *error);
typedef cl_int create_kernels_fn(cl_object program, cl_uint count, cl_object *kernels, cl_uint *count_ret);
typedef cl_int enqueue_kernel_fn(cl_object queue, cl_object kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
                                 const size_t *local, cl_uint wait_count, const cl_object *wait_list, cl_object *event);

typedef void *get_address_fn(const char *name);
typedef void *get_address_for_platform_fn(cl_object platform, const char *name);
typedef void *alloc_on_host_fn(cl_object context, const cl_ulong *properties, size_t size, cl_uint alignment, cl_int *error);
typedef void *alloc_on_device_fn(cl_object context, cl_object device, const cl_ulong *properties, size_t size, cl_uint alignment,
                                 cl_int *error);

static void *const *below;        /* the loader's own table */
static void *table[MOST_ENTRIES]; /* what is given back */

#define BELOW(entry, type) ((type *)below[entry])

static cl_int answer(const void *answer_value, size_t answer_size, size_t size, void *value, size_t *size_ret)
{
    if (size_ret)
        *size_ret = answer_size;
    if (value) {
        if (size < answer_size)
            return INVALID_VALUE;
        memcpy(value, answer_value, answer_size);
    }
    return SUCCESS;
}

/* ---------------------------------------------------------------- which devices there are */

/* Several GPUs are parts of the one processor, of one compute unit each: they have contexts, queues and programs of their own. A processor
 * with fewer units is parted anew for each, which then share one. With one GPU it is the processor's own device. */
static cl_object parts[AUTOGAUGE_MOST_GPUS];
static pthread_mutex_t parting = PTHREAD_MUTEX_INITIALIZER;

static cl_int part(cl_object whole)
{
    static const intptr_t one[] = {DEVICE_PARTITION_BY_COUNTS, 1, 0, 0};
    intptr_t all[AUTOGAUGE_MOST_GPUS + 3] = {DEVICE_PARTITION_BY_COUNTS}; /* ended by two zeros: of the counts, of the properties */
    create_sub_devices_fn *create = BELOW(CREATE_SUB_DEVICES, create_sub_devices_fn);
    cl_int status = SUCCESS;
    int gpus = autogauge_gpus();
    for (int gpu = 0; gpu < gpus; gpu++)
        all[gpu + 1] = 1;
    pthread_mutex_lock(&parting);
    if (!parts[gpus - 1] && create(whole, all, (cl_uint)gpus, parts, NULL) != SUCCESS)
        for (int gpu = 0; gpu < gpus && status == SUCCESS; gpu++)
            status = create(whole, one, 1, &parts[gpu], NULL);
    pthread_mutex_unlock(&parting);
    if (status != SUCCESS)
        fprintf(stderr, "autogauge: this processor cannot be parted into %d emulated GPUs (OpenCL's error %d)\n", gpus, status);
    return status;
}

static cl_int get_device_ids(cl_object platform, cl_ulong type, cl_uint count, cl_object *devices, cl_uint *count_ret)
{
    cl_object whole = NULL;
    if (autogauge_gpus() == 1)
        return BELOW(GET_DEVICE_IDS, get_device_ids_fn)(platform, type, count, devices, count_ret);
    if (devices && count == 0)
        return INVALID_VALUE;
    cl_int status = BELOW(GET_DEVICE_IDS, get_device_ids_fn)(platform, type, 1, &whole, NULL);
    if (status != SUCCESS)
        return status;
    if (part(whole) != SUCCESS)
        return DEVICE_NOT_FOUND;
    for (cl_uint gpu = 0; devices && gpu < count && gpu < (cl_uint)autogauge_gpus(); gpu++)
        devices[gpu] = parts[gpu];
    if (count_ret)
        *count_ret = (cl_uint)autogauge_gpus();
    return SUCCESS;
}

/* The number of the GPU that this device is, from 0; -1 for none. */
static int gpu_of(cl_object device)
{
    if (autogauge_gpus() == 1)
        return 0;
    for (int gpu = 0; gpu < autogauge_gpus(); gpu++)
        if (device == parts[gpu])
            return gpu;
    return -1;
}

static int gpu_of_queue(cl_object queue)
{
    cl_object device = NULL;
    if (autogauge_gpus() == 1)
        return 0;
    BELOW(GET_COMMAND_QUEUE_INFO, get_info_fn)(queue, QUEUE_DEVICE, sizeof device, &device, NULL);
    return gpu_of(device);
}

static int gpu_of_program(cl_object program)
{
    cl_object devices[AUTOGAUGE_MOST_GPUS] = {NULL};
    if (autogauge_gpus() == 1)
        return 0;
    BELOW(GET_PROGRAM_INFO, get_info_fn)(program, PROGRAM_DEVICES, sizeof devices, devices, NULL);
    return gpu_of(devices[0]);
}

/* ---------------------------------------------------------------- what the device says of itself */

/* The device's own text, to be freed by the caller; NULL when there is none. */
static char *text_of(cl_object device, cl_uint name)
{
    size_t size = 0;
    if (BELOW(GET_DEVICE_INFO, get_device_info_fn)(device, name, 0, NULL, &size) != SUCCESS)
        return NULL;
    char *text = calloc(size + 1, 1);
    if (text && BELOW(GET_DEVICE_INFO, get_device_info_fn)(device, name, size, text, NULL) != SUCCESS) {
        free(text);
        return NULL;
    }
    return text;
}

static void drop_word(char *text, const char *word)
{
    size_t length = strlen(word);
    for (char *found = text; (found = strstr(found, word)) != NULL;) {
        int starts = found == text || found[-1] == ' ';
        int ends = found[length] == ' ' || found[length] == '\0';
        if (starts && ends)
            memmove(found, found + length, strlen(found + length) + 1);
        else
            found += length;
    }
}

static cl_int get_device_info(cl_object device, cl_uint name, size_t size, void *value, size_t *size_ret)
{
    static const struct autogauge_gpu plain;
    int number = gpu_of(device);
    const struct autogauge_gpu *gpu = number < 0 ? &plain : autogauge_gpu(number);
    switch (name) {
    case DEVICE_HOST_UNIFIED_MEMORY: {
        /* A GPU with memory of its own is a discrete one. */
        cl_uint no = 0;
        if (gpu->is_discrete)
            return answer(&no, sizeof no, size, value, size_ret);
        break;
    }
    case DEVICE_VENDOR_ID: {
        cl_uint nobody = NOBODYS_VENDOR_ID;
        if (gpu->is_of_another_vendor)
            return answer(&nobody, sizeof nobody, size, value, size_ret);
        break;
    }
    case DEVICE_VENDOR: {
        static const char another[] = "another vendor (emulated)";
        if (gpu->is_of_another_vendor)
            return answer(another, sizeof another, size, value, size_ret);
        break;
    }
    case DEVICE_TYPE: {
        /* The plugin passes over devices that are no GPU. */
        cl_ulong type = DEVICE_TYPE_GPU;
        return answer(&type, sizeof type, size, value, size_ret);
    }
    case DEVICE_IP_VERSION_INTEL: {
        /* Without it the plugin compiles a program, reads its binary as a GPU's code to learn the hardware, and throws.
         * 12.0.0 is an Xe-LP part: no matrix engine, so the plugin's OpenCL kernels are used. */
        cl_uint version = 12u << 22;
        return answer(&version, sizeof version, size, value, size_ret);
    }
    case DEVICE_FEATURE_CAPABILITIES_INTEL: {
        /* No DP4A and no DPAS: code generators for real hardware stay out. */
        cl_uint none = 0;
        return answer(&none, sizeof none, size, value, size_ret);
    }
    case DEVICE_NAME: {
        /* Whatever shows the device shows that it is none. */
        char *own = text_of(device, name), full[256];
        snprintf(full, sizeof full, "emulated GPU on %s", own ? own : "a CPU");
        free(own);
        /* The plugin takes an integrated GPU for one with INT8 by "Xe" in its name, which a Xeon has too. */
        for (char *found = gpu->is_without_int8 ? strstr(full, "Xe") : NULL; found; found = strstr(found, "Xe"))
            found[1] = 'E';
        return answer(full, strlen(full) + 1, size, value, size_ret);
    }
    case DEVICE_EXTENSIONS: {
        /* Kernels in half precision take minutes to compile here: without this extension the plugin infers in f32. */
        char *own = text_of(device, name);
        if (!own)
            break;
        drop_word(own, "cl_khr_fp16");
        cl_int status = answer(own, strlen(own) + 1, size, value, size_ret);
        free(own);
        return status;
    }
    }
    return BELOW(GET_DEVICE_INFO, get_device_info_fn)(device, name, size, value, size_ret);
}

/* ---------------------------------------------------------------- queues */

/* With several requests in flight the plugin's out-of-order queues end in a deadlock of this runtime: a worker that waits for one
 * queue's tasks takes another queue's waiting upon itself, and each waits for what lies below it on its stack (one process in three
 * with four requests). Queues that keep their order have no such waits. */
static cl_object create_queue(cl_object context, cl_object device, cl_ulong properties, cl_int *error)
{
    return BELOW(CREATE_COMMAND_QUEUE, create_queue_fn)(context, device, properties & ~(cl_ulong)QUEUE_OUT_OF_ORDER, error);
}

static cl_object create_queue_with_properties(cl_object context, cl_object device, const cl_ulong *properties, cl_int *error)
{
    cl_ulong kept[32] = {0}; /* pairs of name and value, ended by a zero */
    for (size_t i = 0; properties && properties[i]; i += 2) {
        if (i + 2 >= sizeof kept / sizeof *kept) {
            if (error)
                *error = INVALID_VALUE;
            return NULL;
        }
        kept[i] = properties[i];
        kept[i + 1] = properties[i + 1];
        if (properties[i] == QUEUE_PROPERTIES)
            kept[i + 1] &= ~(cl_ulong)QUEUE_OUT_OF_ORDER;
    }
    return BELOW(CREATE_COMMAND_QUEUE_WITH_PROPERTIES, create_queue_with_properties_fn)(
        context, device, properties ? kept : NULL, error);
}

/* ---------------------------------------------------------------- unified shared memory */

/* Some releases (2025.4) ask for allocations of any size (CL_MEM_FLAGS with CL_MEM_ALLOW_UNRESTRICTED_SIZE_INTEL). This runtime knows no
 * such limit, does not know the property either, and refuses the whole allocation. */
enum { MOST_PROPERTIES = 32 }; /* pairs of name and value, ended by a zero */

/* The properties without that one; 0 when there are more than ever were. */
static int keep_known(const cl_ulong *properties, cl_ulong kept[MOST_PROPERTIES])
{
    size_t count = 0;
    for (size_t i = 0; properties && properties[i]; i += 2) {
        if (properties[i] == MEM_FLAGS)
            continue;
        if (count + 2 >= MOST_PROPERTIES)
            return 0;
        kept[count++] = properties[i];
        kept[count++] = properties[i + 1];
    }
    kept[count] = 0;
    return 1;
}

static void *refuse(cl_int *error)
{
    if (error)
        *error = INVALID_VALUE;
    return NULL;
}

static alloc_on_host_fn *host_below;
static alloc_on_device_fn *device_below, *shared_below;

static void *alloc_on_host(cl_object context, const cl_ulong *properties, size_t size, cl_uint alignment, cl_int *error)
{
    cl_ulong kept[MOST_PROPERTIES];
    return keep_known(properties, kept) ? host_below(context, properties ? kept : NULL, size, alignment, error) : refuse(error);
}

static void *alloc_on_device(cl_object context, cl_object device, const cl_ulong *properties, size_t size, cl_uint alignment,
                             cl_int *error)
{
    cl_ulong kept[MOST_PROPERTIES];
    return keep_known(properties, kept) ? device_below(context, device, properties ? kept : NULL, size, alignment, error)
                                        : refuse(error);
}

static void *alloc_shared(cl_object context, cl_object device, const cl_ulong *properties, size_t size, cl_uint alignment,
                          cl_int *error)
{
    cl_ulong kept[MOST_PROPERTIES];
    return keep_known(properties, kept) ? shared_below(context, device, properties ? kept : NULL, size, alignment, error)
                                        : refuse(error);
}

/* The allocations are extensions: whoever wants one asks for its address by name. */
static void *instead_of(const char *name, void *found)
{
    if (!found || !name)
        return found;
    if (strcmp(name, "clHostMemAllocINTEL") == 0) {
        host_below = (alloc_on_host_fn *)found;
        return (void *)alloc_on_host;
    }
    if (strcmp(name, "clDeviceMemAllocINTEL") == 0) {
        device_below = (alloc_on_device_fn *)found;
        return (void *)alloc_on_device;
    }
    if (strcmp(name, "clSharedMemAllocINTEL") == 0) {
        shared_below = (alloc_on_device_fn *)found;
        return (void *)alloc_shared;
    }
    return found;
}

static void *get_address(const char *name)
{
    return instead_of(name, BELOW(GET_EXTENSION_FUNCTION_ADDRESS, get_address_fn)(name));
}

static void *get_address_for_platform(cl_object platform, const char *name)
{
    return instead_of(name, BELOW(GET_EXTENSION_FUNCTION_ADDRESS_FOR_PLATFORM, get_address_for_platform_fn)(platform, name));
}

/* ---------------------------------------------------------------- programs */

/* Sub-groups. A GPU forms them over the linear local id; this runtime forms them along dimension 0 only. The plugin launches
 * local sizes such as (1, 1, 16), whose sub-groups would have one lane each, and convolutions would write one value in sixteen.
 * So every kernel is launched with local size (L0·L1·L2, 1, 1) and the same groups (see enqueue_kernel), and this preamble
 * gives every source the ids that it expects. L0, L1 and L2 come packed in the global offset, 16 bits each: the plugin never uses one. */
static const char preamble[] =
    "size_t autogauge_length(uint d) {\n"
    "  return d > 2 ? 1 : (get_global_offset(0) >> (16 * d)) & 0xFFFF;\n"
    "}\n"
    "size_t autogauge_local_id(uint d) {\n"
    "  size_t linear = get_local_id(0), l0 = autogauge_length(0), l1 = autogauge_length(1);\n"
    "  return d == 0 ? linear % l0 : d == 1 ? (linear / l0) % l1 : d == 2 ? linear / (l0 * l1) : 0;\n"
    "}\n"
    "size_t autogauge_local_linear_id(void) { return get_local_id(0); }\n"
    "size_t autogauge_global_id(uint d) {\n"
    "  return get_group_id(d) * autogauge_length(d) + autogauge_local_id(d);\n"
    "}\n"
    "size_t autogauge_global_size(uint d) { return get_num_groups(d) * autogauge_length(d); }\n"
    "size_t autogauge_global_linear_id(void) {\n"
    "  return (autogauge_global_id(2) * autogauge_global_size(1) + autogauge_global_id(1)) * autogauge_global_size(0)\n"
    "         + autogauge_global_id(0);\n"
    "}\n"
    "#define get_local_id(d) autogauge_local_id(d)\n"
    "#define get_local_size(d) autogauge_length(d)\n"
    "#define get_enqueued_local_size(d) autogauge_length(d)\n"
    "#define get_local_linear_id() autogauge_local_linear_id()\n"
    "#define get_global_id(d) autogauge_global_id(d)\n"
    "#define get_global_linear_id() autogauge_global_linear_id()\n"
    "#define get_global_size(d) autogauge_global_size(d)\n"
    "#define get_global_offset(d) ((size_t)0)\n"
    /* A required local size names the three lengths that are folded into one: it becomes a hint. */
    "#define reqd_work_group_size(x, y, z) work_group_size_hint(1, 1, 1)\n"
    "#line 1\n";

static int contains(cl_uint count, const char **strings, const size_t *lengths, const char *word)
{
    for (cl_uint i = 0; i < count; i++) {
        size_t length = lengths && lengths[i] ? lengths[i] : strlen(strings[i]);
        if (memmem(strings[i], length, word, strlen(word)))
            return 1;
    }
    return 0;
}

static cl_object create_program_with_source(cl_object context, cl_uint count, const char **strings, const size_t *lengths,
                                            cl_int *error)
{
    cl_int status = SUCCESS;
    cl_object program = NULL;
    const char **all = malloc((count + 1) * sizeof *all);
    size_t *sizes = calloc(count + 1, sizeof *sizes);
    if (!all || !sizes) {
        status = OUT_OF_HOST_MEMORY;
    } else if (contains(count, strings, lengths, ".decl AA0")) {
        /* The plugin's trial of GPU inline assembly; the CPU's compiler would abort the process. */
        status = INVALID_VALUE;
    } else {
        all[0] = preamble;
        memcpy(all + 1, strings, count * sizeof *all);
        if (lengths)
            memcpy(sizes + 1, lengths, count * sizeof *sizes);
        program = BELOW(CREATE_PROGRAM_WITH_SOURCE, create_program_fn)(context, count + 1, all, sizes, &status);
    }
    free(all);
    free(sizes);
    if (error)
        *error = status;
    return program;
}

static cl_int build_program(cl_object program, cl_uint count, const cl_object *devices, const char *options,
                            void (*notify)(cl_object, void *), void *user_data)
{
    if (autogauge_begins(count && devices ? gpu_of(devices[0]) : gpu_of_program(program), AUTOGAUGE_BUILD))
        return BUILD_PROGRAM_FAILURE;
    /* The CPU's runtime rejects options that are Intel's GPU compiler's own (CL_INVALID_BUILD_OPTIONS). */
    char *kept = options ? calloc(strlen(options) + 1, 1) : NULL;
    if (kept) {
        char *copy = strdup(options), *rest = NULL;
        if (!copy) {
            free(kept);
            return OUT_OF_HOST_MEMORY;
        }
        for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            if (strncmp(word, "-cl-intel", 9) != 0) {
                strcat(kept, word);
                strcat(kept, " ");
            }
        free(copy);
    }
    cl_int status = BELOW(BUILD_PROGRAM, build_program_fn)(program, count, devices, kept ? kept : options, notify, user_data);
    free(kept);
    return status;
}

/* The plugin lets go of a program while its kernels live, which the standard allows; this runtime then loses the program. So every kernel
 * keeps its program once more, until the kernel itself is let go of for the last time. */
struct kept_kernel {
    struct kept_kernel *next;
    cl_object kernel, program;
    cl_uint references;
};

enum { BUCKETS = 1024 };
static struct kept_kernel *buckets[BUCKETS];
static long kept_kernels;
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;

/* Where the kernel stands, or the place for it; to be called with the lock. */
static struct kept_kernel **find_kernel(cl_object kernel)
{
    struct kept_kernel **place = &buckets[((uintptr_t)kernel >> 4) % BUCKETS];
    while (*place && (*place)->kernel != kernel)
        place = &(*place)->next;
    return place;
}

static void keep(cl_object kernel, cl_object program)
{
    struct kept_kernel *kept = malloc(sizeof *kept);
    BELOW(RETAIN_PROGRAM, program_fn)(program);
    if (!kept)
        return; /* the program is kept for good */
    *kept = (struct kept_kernel){NULL, kernel, program, 1};
    pthread_mutex_lock(&keeping);
    *find_kernel(kernel) = kept;
    kept_kernels++;
    pthread_mutex_unlock(&keeping);
}

/* For whoever runs this process, by ctypes: how many kernels keep a program now. */
long autogauge_kept_kernels(void)
{
    pthread_mutex_lock(&keeping);
    long found = kept_kernels;
    pthread_mutex_unlock(&keeping);
    return found;
}

static cl_object create_kernel(cl_object program, const char *name, cl_int *error)
{
    cl_object kernel = BELOW(CREATE_KERNEL, create_kernel_fn)(program, name, error);
    if (kernel)
        keep(kernel, program);
    return kernel;
}

static cl_int create_kernels_in_program(cl_object program, cl_uint count, cl_object *kernels, cl_uint *count_ret)
{
    cl_uint made = 0;
    cl_int status = BELOW(CREATE_KERNELS_IN_PROGRAM, create_kernels_fn)(program, count, kernels, &made);
    if (count_ret)
        *count_ret = made;
    for (cl_uint i = 0; status == SUCCESS && kernels && i < made; i++)
        keep(kernels[i], program);
    return status;
}

static cl_object clone_kernel(cl_object kernel, cl_int *error)
{
    cl_object clone = BELOW(CLONE_KERNEL, clone_kernel_fn)(kernel, error), program = NULL;
    if (clone && BELOW(GET_KERNEL_INFO, get_info_fn)(clone, KERNEL_PROGRAM, sizeof program, &program, NULL) == SUCCESS)
        keep(clone, program);
    return clone;
}

static cl_int retain_kernel(cl_object kernel)
{
    cl_int status = BELOW(RETAIN_KERNEL, kernel_fn)(kernel);
    pthread_mutex_lock(&keeping);
    struct kept_kernel *kept = *find_kernel(kernel);
    if (kept && status == SUCCESS)
        kept->references++;
    pthread_mutex_unlock(&keeping);
    return status;
}

static cl_int release_kernel(cl_object kernel)
{
    cl_object program = NULL;
    pthread_mutex_lock(&keeping);
    struct kept_kernel **place = find_kernel(kernel), *kept = *place;
    if (kept && --kept->references == 0) {
        program = kept->program; /* from here on the address may be another kernel's */
        *place = kept->next;
        free(kept);
        kept_kernels--;
    }
    pthread_mutex_unlock(&keeping);
    cl_int status = BELOW(RELEASE_KERNEL, kernel_fn)(kernel);
    if (program)
        BELOW(RELEASE_PROGRAM, program_fn)(program);
    return status;
}

/* ---------------------------------------------------------------- launching */

static cl_int enqueue_kernel(cl_object queue, cl_object kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
                             const size_t *local, cl_uint wait_count, const cl_object *wait_list, cl_object *event)
{
    /* The other half of the sub-groups: see the preamble. */
    size_t lengths[3] = {1, 1, 1}, groups[3] = {1, 1, 1};
    if (dimensions < 1 || dimensions > 3)
        return INVALID_WORK_DIMENSION;
    if (!global)
        return INVALID_GLOBAL_WORK_SIZE;
    for (cl_uint d = 0; d < dimensions; d++) {
        lengths[d] = local ? local[d] : 1;
        if (lengths[d] == 0 || lengths[d] > 0xFFFF || global[d] % lengths[d] || (offset && offset[d]))
            return INVALID_WORK_GROUP_SIZE;
        groups[d] = global[d] / lengths[d];
    }
    /* Another error than one of resources: at that one some releases' plugin ends the process (openvino 2024.6). */
    if (autogauge_begins(gpu_of_queue(queue), AUTOGAUGE_LAUNCH))
        return INVALID_OPERATION;
    size_t folded_local[3] = {lengths[0] * lengths[1] * lengths[2], 1, 1};
    size_t folded_global[3] = {groups[0] * folded_local[0], groups[1], groups[2]};
    size_t packed[3] = {lengths[0] | lengths[1] << 16 | lengths[2] << 32, 0, 0};
    return BELOW(ENQUEUE_ND_RANGE_KERNEL, enqueue_kernel_fn)(queue, kernel, 3, packed, folded_global, folded_local, wait_count,
                                                             wait_list, event);
}

/* ---------------------------------------------------------------- the layer's two entry points */

cl_int clGetLayerInfo(cl_uint name, size_t size, void *value, size_t *size_ret)
{
    cl_uint version = LAYER_API_VERSION_100;
    return name == LAYER_API_VERSION ? answer(&version, sizeof version, size, value, size_ret) : INVALID_VALUE;
}

cl_int clInitLayer(cl_uint count, void *const *target, cl_uint *count_ret, void *const **layer)
{
    if (!target || !count_ret || !layer || count <= CLONE_KERNEL || count > MOST_ENTRIES)
        return INVALID_VALUE;
    if (autogauge_read()) {
        /* The loader would pass over the layer, and no GPU be there for no reason. */
        fprintf(stderr, "autogauge: %s\n", autogauge_read());
        abort();
    }
    below = target;
    memcpy(table, target, count * sizeof *table);
    table[GET_DEVICE_IDS] = (void *)get_device_ids;
    table[GET_DEVICE_INFO] = (void *)get_device_info;
    table[CREATE_COMMAND_QUEUE] = (void *)create_queue;
    table[CREATE_COMMAND_QUEUE_WITH_PROPERTIES] = (void *)create_queue_with_properties;
    table[CREATE_PROGRAM_WITH_SOURCE] = (void *)create_program_with_source;
    table[BUILD_PROGRAM] = (void *)build_program;
    table[CREATE_KERNEL] = (void *)create_kernel;
    table[CREATE_KERNELS_IN_PROGRAM] = (void *)create_kernels_in_program;
    table[RETAIN_KERNEL] = (void *)retain_kernel;
    table[RELEASE_KERNEL] = (void *)release_kernel;
    table[CLONE_KERNEL] = (void *)clone_kernel;
    table[ENQUEUE_ND_RANGE_KERNEL] = (void *)enqueue_kernel;
    table[GET_EXTENSION_FUNCTION_ADDRESS] = (void *)get_address;
    table[GET_EXTENSION_FUNCTION_ADDRESS_FOR_PLATFORM] = (void *)get_address_for_platform;
    *count_ret = count;
    *layer = table;
    return SUCCESS;
}
