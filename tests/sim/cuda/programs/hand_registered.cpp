// A CUDA program made by hand: `hand_registered WHAT` registers PTX as compiled code does and uses the runtime in the
// way that WHAT names. Exit status 0 if everything was as expected, 1 if not.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Size {
    unsigned x, y, z;
};

/// cudaPitchedPtr, cudaExtent and cudaPos, cudaMemcpy3DParms.
struct Pitched {
    void* pointer;
    std::size_t pitch, width, height;
};
struct Box {
    std::size_t x, y, z;
};
struct BoxCopy {
    void* from_array;
    Box from_position;
    Pitched from;
    void* to_array;
    Box to_position;
    Pitched to;
    Box extent;
    int kind;
};

}  // namespace

extern "C" {
void** __cudaRegisterFatBinary(void*);
void __cudaRegisterFatBinaryEnd(void**);
void __cudaUnregisterFatBinary(void**);
void __cudaRegisterFunction(void**, const char*, char*, const char*, int, void*, void*, Size*, Size*, int*);
void __cudaRegisterVar(void**, char*, char*, const char*, int, std::size_t, int, int);
int __cudaGetKernel(void**, const void*);
int __cudaLaunchKernel(void*, Size, Size, void**, std::size_t, void*);
unsigned __cudaPushCallConfiguration(Size, Size, std::size_t, void*);
int __cudaPopCallConfiguration(Size*, Size*, std::size_t*, void*);
int cudaLaunchKernel(const void*, Size, Size, void**, std::size_t, void*);
int cudaLaunchCooperativeKernel(const void*, Size, Size, void**, std::size_t, void*);
int cudaMalloc(void**, std::size_t);
int cudaFree(void*);
int cudaMemcpy(void*, const void*, std::size_t, int);
int cudaMemcpyToSymbol(const void*, const void*, std::size_t, std::size_t, int);
int cudaGetLastError();
const char* cudaGetErrorName(int);
int cudaRuntimeGetVersion(int*);
int cudaEventCreate(void**);
int cudaEventRecord(void*, void*);
int cudaEventElapsedTime(float*, void*, void*);
int cudaOccupancyMaxActiveBlocksPerMultiprocessor(int*, const void*, int, std::size_t);
int cudaGraphCreate(void**, unsigned);
int cudaMalloc3D(Pitched*, Box);
int cudaMemset3D(Pitched, int, Box);
int cudaMemcpy3D(const BoxCopy*);
int cudaMemcpyPeer(void*, int, const void*, int, std::size_t);
int cudaDeviceGetPCIBusId(char*, int, int);
int cudaDeviceGetByPCIBusId(int*, const char*);
int cudaDeviceEnablePeerAccess(int, unsigned);
int cudaMemPoolCreate(void**, const void*);
int cudaMemPoolGetAttribute(void*, unsigned, void*);
int cudaMemPoolDestroy(void*);
int cudaStreamGetCaptureInfo(void*, int*, unsigned long long*);
int cudaFuncGetAttributes(void*, const void*);
int cudaFuncGetParamInfo(const void*, std::size_t, std::size_t*, std::size_t*);
}

namespace {

constexpr int to_device = 1;
constexpr int to_host = 2;
constexpr unsigned count = 1000;

const char* const text = R"(.version 7.0
.target sm_80
.address_size 64
.const .align 4 .f32 factor;
.visible .entry scale(.param .u64 to, .param .u64 from, .param .u32 n)
{
    .reg .pred %p;
    .reg .b32 %r<6>;
    .reg .f32 %f<3>;
    .reg .b64 %a<6>;
    ld.param.u64 %a0, [to];
    ld.param.u64 %a1, [from];
    ld.param.u32 %r0, [n];
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %ntid.x;
    mov.u32 %r3, %tid.x;
    mad.lo.s32 %r4, %r1, %r2, %r3;
    setp.ge.u32 %p, %r4, %r0;
    @%p ret;
    mul.wide.u32 %a2, %r4, 4;
    add.s64 %a3, %a1, %a2;
    add.s64 %a4, %a0, %a2;
    ld.global.f32 %f0, [%a3];
    ld.const.f32 %f1, [factor];
    mul.rn.f32 %f2, %f0, %f1;
    st.global.f32 [%a4], %f2;
    ret;
}
.visible .entry meet(.param .u64 to)
{
    .reg .pred %p;
    .reg .b32 %r<6>;
    .reg .b64 %a<4>;
    mov.u32 %r0, %envreg1;
    mov.u32 %r1, %envreg2;
    mov.b64 %a0, {%r1, %r0};
    mov.u32 %r2, %nctaid.x;
    atom.add.release.gpu.u32 %r3, [%a0+4], 1;
again:
    ld.acquire.gpu.u32 %r3, [%a0+4];
    setp.lt.u32 %p, %r3, %r2;
    @%p bra again;
    ld.param.u64 %a1, [to];
    mov.u32 %r4, %ctaid.x;
    mad.wide.u32 %a2, %r4, 4, %a1;
    st.global.u32 [%a2], %r3;
    ret;
}
.visible .entry forever()
{
again:
    bra again;
}
.visible .entry unknown()
{
    .reg .b32 %r<2>;
    frobnicate.b32 %r0, %r1;
    ret;
}
)";

/// Two texts that are compiled apart: the kernel of one reads what the other defines.
const char* const reading_text = R"(.version 7.0
.target sm_80
.address_size 64
.extern .global .align 4 .b8 words[8];
.visible .entry read(.param .u64 to)
{
    .reg .b32 %r<2>;
    .reg .b64 %a<2>;
    ld.param.u64 %a0, [to];
    ld.global.u32 %r0, [words+4];
    st.global.u32 [%a0], %r0;
    ret;
}
)";
const char* const defining_text = R"(.version 7.0
.target sm_80
.address_size 64
.visible .global .align 4 .u32 words[2] = {5, 6};
)";

/// A container with one text, as nvcc makes it: header, entry, text.
std::vector<std::byte> container_of(const std::string& ptx, std::uint32_t architecture, bool compressed) {
    std::vector<std::byte> bytes(16 + 64 + ptx.size());
    const auto put = [&](std::size_t at, const auto value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
    put(0, std::uint32_t{0xBA55ED50});
    put(4, std::uint16_t{1});
    put(6, std::uint16_t{16});
    put(8, std::uint64_t{64 + ptx.size()});
    put(16, std::uint16_t{1});  // PTX
    put(18, std::uint16_t{0x0101});
    put(20, std::uint32_t{64});
    put(24, std::uint64_t{ptx.size()});
    put(32, static_cast<std::uint32_t>(compressed ? ptx.size() : 0));
    put(44, architecture);
    put(56, std::uint64_t{compressed ? 0x8000U : 0U});
    std::memcpy(bytes.data() + 80, ptx.data(), ptx.size());
    return bytes;
}

struct Wrapper {
    std::uint32_t magic;
    std::uint32_t version;
    const void* container;
    const void* none;
};

char host_scale;
char host_read;
char host_meet;
char host_forever;
char host_unknown;
char host_factor;

void** register_code(const std::vector<std::byte>& container) {
    static Wrapper wrapper;
    wrapper = {0x466243B1, 1, container.data(), nullptr};
    void** const handle = __cudaRegisterFatBinary(&wrapper);
    const auto add = [&](char* host, const char* name) {
        __cudaRegisterFunction(handle, host, host, name, -1, nullptr, nullptr, nullptr, nullptr, nullptr);
    };
    add(&host_scale, "scale");
    add(&host_meet, "meet");
    add(&host_forever, "forever");
    add(&host_unknown, "unknown");
    __cudaRegisterVar(handle, &host_factor, &host_factor, "factor", 0, 4, 1, 0);
    __cudaRegisterFatBinaryEnd(handle);
    return handle;
}

/// As nvcc -rdc=true: containers in a list that ends with a null pointer, behind a wrapper of form 2.
void** register_separate_code(const std::vector<std::byte>& reading, const std::vector<std::byte>& defining) {
    static const void* containers[3];
    static Wrapper wrapper;
    containers[0] = reading.data();
    containers[1] = defining.data();
    wrapper = {0x466243B1, 2, nullptr, static_cast<const void*>(containers)};
    void** const handle = __cudaRegisterFatBinary(&wrapper);
    __cudaRegisterFunction(handle, &host_read, &host_read, "read", -1, nullptr, nullptr, nullptr, nullptr, nullptr);
    return handle;
}

void require(bool condition, const char* what) {
    if (condition) return;
    static_cast<void>(std::fprintf(stderr, "not as expected: %s\n", what));
    std::exit(1);
}

/// A kernel call as it is compiled since toolkit 13.
int call(const char* host_function, unsigned grid, unsigned block, void** arguments) {
    void* kernel = nullptr;
    require(__cudaGetKernel(&kernel, host_function) == 0, "__cudaGetKernel");
    __cudaPushCallConfiguration({grid, 1, 1}, {block, 1, 1}, 0, nullptr);
    Size grid_size{};
    Size block_size{};
    std::size_t shared = 1;
    void* stream = nullptr;
    require(__cudaPopCallConfiguration(&grid_size, &block_size, &shared, &stream) == 0, "__cudaPopCallConfiguration");
    return __cudaLaunchKernel(kernel, grid_size, block_size, arguments, shared, stream);
}

/// Scales an array; `elements` is what the kernel is told, `old_call` how calls were compiled before toolkit 13.
void scale(unsigned elements, bool old_call) {
    std::vector<float> values(count, 3.0F);
    void* from = nullptr;
    void* to = nullptr;
    const float factor = 2.5F;
    require(cudaMalloc(&from, count * 4) == 0 && cudaMalloc(&to, count * 4) == 0, "cudaMalloc");
    require(cudaMemcpy(from, values.data(), count * 4, to_device) == 0, "copy to the device");
    require(cudaMemcpyToSymbol(&host_factor, &factor, 4, 0, to_device) == 0, "cudaMemcpyToSymbol");
    void* arguments[]{static_cast<void*>(&to), static_cast<void*>(&from), &elements};
    const unsigned grid = (elements + 127) / 128;
    const int error = old_call ? cudaLaunchKernel(&host_scale, {grid, 1, 1}, {128, 1, 1}, arguments, 0, nullptr)
                               : call(&host_scale, grid, 128, arguments);
    require(error == 0, cudaGetErrorName(error));
    require(cudaMemcpy(values.data(), to, count * 4, to_host) == 0, "copy to the host");
    for (const float value : values) require(value == 7.5F, "a value");
    require(cudaFree(from) == 0 && cudaFree(to) == 0, "cudaFree");
}

void check_queries() {
    int version = 0;
    require(cudaRuntimeGetVersion(&version) == 0, "cudaRuntimeGetVersion");
    std::printf("runtime %d\n", version / 1000);
    int blocks = 0;
    require(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, &host_scale, 256, 0) == 0 && blocks == 8,
            "active blocks");
    require(call(&host_scale, 1, 2048, nullptr) == 9 && cudaGetLastError() == 9 && cudaGetLastError() == 0,
            "an invalid configuration, once");
    void* start = nullptr;
    void* end = nullptr;
    float milliseconds = -1;
    require(cudaEventCreate(&start) == 0 && cudaEventCreate(&end) == 0, "cudaEventCreate");
    require(cudaEventRecord(start, nullptr) == 0, "cudaEventRecord");
    scale(count, false);
    require(cudaEventRecord(end, nullptr) == 0, "cudaEventRecord");
    require(cudaEventElapsedTime(&milliseconds, start, end) == 0 && milliseconds >= 0, "cudaEventElapsedTime");
}

void read_across_files() {
    const auto reading = container_of(reading_text, 80, false);
    const auto defining = container_of(defining_text, 80, false);
    void** const handle = register_separate_code(reading, defining);
    void* to = nullptr;
    unsigned value = 0;
    require(cudaMalloc(&to, 4) == 0, "cudaMalloc");
    void* arguments[]{static_cast<void*>(&to)};
    require(call(&host_read, 1, 1, arguments) == 0, "the kernel");
    require(cudaMemcpy(&value, to, 4, to_host) == 0 && value == 6, "the variable of the other file");
    __cudaUnregisterFatBinary(handle);
}

/// A box of 5 x 3 x 2 bytes: filled, and the corner of 2 x 2 x 1 behind byte 1 of row 1 of slice 1 copied back.
void check_boxes() {
    Pitched memory{};
    require(cudaMalloc3D(&memory, {5, 3, 2}) == 0 && memory.pitch >= 5, "cudaMalloc3D");
    require(cudaMemset3D(memory, 7, {5, 3, 2}) == 0, "cudaMemset3D");
    unsigned char* const slice = static_cast<unsigned char*>(memory.pointer) + 3 * memory.pitch;
    slice[2 * memory.pitch + 2] = 9;
    unsigned char corner[4]{};
    BoxCopy copy{nullptr, {1, 1, 1}, memory, nullptr, {0, 0, 0}, {corner, 2, 2, 2}, {2, 2, 1}, to_host};
    require(cudaMemcpy3D(&copy) == 0, "cudaMemcpy3D");
    require(corner[0] == 7 && corner[1] == 7 && corner[2] == 7 && corner[3] == 9, "a corner of the box");
    copy.from_position.z = 2;
    require(cudaMemcpy3D(&copy) == 1, "a corner outside of the box");
    require(cudaMemcpyPeer(memory.pointer, 0, slice, 0, 5) == 0, "cudaMemcpyPeer");
    require(cudaMemcpyPeer(memory.pointer, 0, slice, 1, 5) == 101, "cudaMemcpyPeer from another device");
    require(cudaFree(memory.pointer) == 0, "cudaFree");
}

/// What programs ask before they choose what to do.
void check_surroundings() {
    char bus[16]{};
    int device = -1;
    require(cudaDeviceGetPCIBusId(bus, 16, 0) == 0 && cudaDeviceGetByPCIBusId(&device, bus) == 0 && device == 0,
            "the bus of the device");
    require(cudaDeviceEnablePeerAccess(1, 0) == 217, "no peer");
    void* pool = nullptr;
    void* memory = nullptr;
    std::uint64_t used = 0;
    require(cudaMalloc(&memory, 1000) == 0 && cudaMemPoolCreate(&pool, nullptr) == 0, "cudaMemPoolCreate");
    require(cudaMemPoolGetAttribute(pool, 7, &used) == 0 && used == 1000, "memory in use");
    require(cudaMemPoolDestroy(pool) == 0 && cudaMemPoolDestroy(pool) == 1, "cudaMemPoolDestroy, once");
    require(cudaFree(memory) == 0, "cudaFree");
    int capturing = -1;
    unsigned long long id = 0;
    require(cudaStreamGetCaptureInfo(nullptr, &capturing, &id) == 0 && capturing == 0, "no capture");
    // Libraries choose their kernels by the architecture that the PTX was made for: cudaFuncAttributes::ptxVersion.
    constexpr std::size_t ptx_version = 8;
    std::int32_t attributes[64]{};
    require(cudaFuncGetAttributes(static_cast<void*>(attributes), &host_scale) == 0 && attributes[ptx_version] == 80,
            "the architecture of a kernel's PTX");
    std::size_t offset = 0;
    std::size_t bytes = 0;
    require(cudaFuncGetParamInfo(&host_scale, 2, &offset, &bytes) == 0 && offset == 16 && bytes == 4, "a parameter");
    require(cudaFuncGetParamInfo(&host_scale, 3, &offset, &bytes) == 1, "one parameter too many");
}

/// All CTAs of a cooperative launch wait for each other.
void meet() {
    constexpr unsigned ctas = 200;
    std::vector<unsigned> seen(ctas);
    void* to = nullptr;
    require(cudaMalloc(&to, ctas * 4) == 0, "cudaMalloc");
    void* arguments[]{static_cast<void*>(&to)};
    const int error = cudaLaunchCooperativeKernel(&host_meet, {ctas, 1, 1}, {1, 1, 1}, arguments, 0, nullptr);
    require(error == 0, cudaGetErrorName(error));
    require(cudaMemcpy(seen.data(), to, ctas * 4, to_host) == 0, "copy to the host");
    for (const unsigned count_seen : seen) require(count_seen == ctas, "CTAs that have met");
}

}  // namespace

int main(int arguments, char** argument) {
    const std::string what = arguments > 1 ? argument[1] : "scale";
    if (what == "no-cuda") return 0;
    const std::uint32_t architecture = what == "new-architecture" ? 90 : 80;
    const auto container = container_of(what == "no-ptx" ? "\177ELF" : text, architecture, what == "compressed");
    void** const handle = register_code(container);
    std::printf("begin\n");
    if (what == "queries") {
        check_queries();
        check_boxes();
        check_surroundings();
    } else if (what == "out-of-bounds") {
        scale(count + 200, false);
    } else if (what == "separate") {
        read_across_files();
    } else if (what == "cooperative") {
        meet();
    } else if (what == "forever") {
        call(&host_forever, 1, 32, nullptr);
    } else if (what == "unknown-opcode") {
        call(&host_unknown, 1, 32, nullptr);
    } else if (what == "unsupported-call") {
        void* graph = nullptr;
        cudaGraphCreate(&graph, 0);
    } else {
        scale(count, what == "old-call");
    }
    std::printf("end\n");
    if (what == "status") return std::atoi(argument[2]);
    if (what == "crash") std::abort();
    __cudaUnregisterFatBinary(handle);
    return 0;
}
