#include "cuda/error_names.h"

#include <algorithm>
#include <array>

namespace stcsim {
namespace {

struct ErrorName {
    std::int32_t number;
    const char* name;
};

/// Numbers and names of cudaError_t (CUDA Runtime API reference), by number.
constexpr std::array error_names{
    ErrorName{0, "cudaSuccess"},
    ErrorName{1, "cudaErrorInvalidValue"},
    ErrorName{2, "cudaErrorMemoryAllocation"},
    ErrorName{3, "cudaErrorInitializationError"},
    ErrorName{4, "cudaErrorCudartUnloading"},
    ErrorName{5, "cudaErrorProfilerDisabled"},
    ErrorName{6, "cudaErrorProfilerNotInitialized"},
    ErrorName{7, "cudaErrorProfilerAlreadyStarted"},
    ErrorName{8, "cudaErrorProfilerAlreadyStopped"},
    ErrorName{9, "cudaErrorInvalidConfiguration"},
    ErrorName{12, "cudaErrorInvalidPitchValue"},
    ErrorName{13, "cudaErrorInvalidSymbol"},
    ErrorName{16, "cudaErrorInvalidHostPointer"},
    ErrorName{17, "cudaErrorInvalidDevicePointer"},
    ErrorName{18, "cudaErrorInvalidTexture"},
    ErrorName{19, "cudaErrorInvalidTextureBinding"},
    ErrorName{20, "cudaErrorInvalidChannelDescriptor"},
    ErrorName{21, "cudaErrorInvalidMemcpyDirection"},
    ErrorName{22, "cudaErrorAddressOfConstant"},
    ErrorName{23, "cudaErrorTextureFetchFailed"},
    ErrorName{24, "cudaErrorTextureNotBound"},
    ErrorName{25, "cudaErrorSynchronizationError"},
    ErrorName{26, "cudaErrorInvalidFilterSetting"},
    ErrorName{27, "cudaErrorInvalidNormSetting"},
    ErrorName{28, "cudaErrorMixedDeviceExecution"},
    ErrorName{31, "cudaErrorNotYetImplemented"},
    ErrorName{32, "cudaErrorMemoryValueTooLarge"},
    ErrorName{34, "cudaErrorStubLibrary"},
    ErrorName{35, "cudaErrorInsufficientDriver"},
    ErrorName{36, "cudaErrorCallRequiresNewerDriver"},
    ErrorName{37, "cudaErrorInvalidSurface"},
    ErrorName{43, "cudaErrorDuplicateVariableName"},
    ErrorName{44, "cudaErrorDuplicateTextureName"},
    ErrorName{45, "cudaErrorDuplicateSurfaceName"},
    ErrorName{46, "cudaErrorDevicesUnavailable"},
    ErrorName{49, "cudaErrorIncompatibleDriverContext"},
    ErrorName{52, "cudaErrorMissingConfiguration"},
    ErrorName{53, "cudaErrorPriorLaunchFailure"},
    ErrorName{65, "cudaErrorLaunchMaxDepthExceeded"},
    ErrorName{66, "cudaErrorLaunchFileScopedTex"},
    ErrorName{67, "cudaErrorLaunchFileScopedSurf"},
    ErrorName{68, "cudaErrorSyncDepthExceeded"},
    ErrorName{69, "cudaErrorLaunchPendingCountExceeded"},
    ErrorName{98, "cudaErrorInvalidDeviceFunction"},
    ErrorName{100, "cudaErrorNoDevice"},
    ErrorName{101, "cudaErrorInvalidDevice"},
    ErrorName{102, "cudaErrorDeviceNotLicensed"},
    ErrorName{103, "cudaErrorSoftwareValidityNotEstablished"},
    ErrorName{127, "cudaErrorStartupFailure"},
    ErrorName{200, "cudaErrorInvalidKernelImage"},
    ErrorName{201, "cudaErrorDeviceUninitialized"},
    ErrorName{205, "cudaErrorMapBufferObjectFailed"},
    ErrorName{206, "cudaErrorUnmapBufferObjectFailed"},
    ErrorName{207, "cudaErrorArrayIsMapped"},
    ErrorName{208, "cudaErrorAlreadyMapped"},
    ErrorName{209, "cudaErrorNoKernelImageForDevice"},
    ErrorName{210, "cudaErrorAlreadyAcquired"},
    ErrorName{211, "cudaErrorNotMapped"},
    ErrorName{212, "cudaErrorNotMappedAsArray"},
    ErrorName{213, "cudaErrorNotMappedAsPointer"},
    ErrorName{214, "cudaErrorECCUncorrectable"},
    ErrorName{215, "cudaErrorUnsupportedLimit"},
    ErrorName{216, "cudaErrorDeviceAlreadyInUse"},
    ErrorName{217, "cudaErrorPeerAccessUnsupported"},
    ErrorName{218, "cudaErrorInvalidPtx"},
    ErrorName{219, "cudaErrorInvalidGraphicsContext"},
    ErrorName{220, "cudaErrorNvlinkUncorrectable"},
    ErrorName{221, "cudaErrorJitCompilerNotFound"},
    ErrorName{222, "cudaErrorUnsupportedPtxVersion"},
    ErrorName{223, "cudaErrorJitCompilationDisabled"},
    ErrorName{224, "cudaErrorUnsupportedExecAffinity"},
    ErrorName{225, "cudaErrorUnsupportedDevSideSync"},
    ErrorName{226, "cudaErrorContained"},
    ErrorName{300, "cudaErrorInvalidSource"},
    ErrorName{301, "cudaErrorFileNotFound"},
    ErrorName{302, "cudaErrorSharedObjectSymbolNotFound"},
    ErrorName{303, "cudaErrorSharedObjectInitFailed"},
    ErrorName{304, "cudaErrorOperatingSystem"},
    ErrorName{400, "cudaErrorInvalidResourceHandle"},
    ErrorName{401, "cudaErrorIllegalState"},
    ErrorName{402, "cudaErrorLossyQuery"},
    ErrorName{500, "cudaErrorSymbolNotFound"},
    ErrorName{600, "cudaErrorNotReady"},
    ErrorName{700, "cudaErrorIllegalAddress"},
    ErrorName{701, "cudaErrorLaunchOutOfResources"},
    ErrorName{702, "cudaErrorLaunchTimeout"},
    ErrorName{703, "cudaErrorLaunchIncompatibleTexturing"},
    ErrorName{704, "cudaErrorPeerAccessAlreadyEnabled"},
    ErrorName{705, "cudaErrorPeerAccessNotEnabled"},
    ErrorName{708, "cudaErrorSetOnActiveProcess"},
    ErrorName{709, "cudaErrorContextIsDestroyed"},
    ErrorName{710, "cudaErrorAssert"},
    ErrorName{711, "cudaErrorTooManyPeers"},
    ErrorName{712, "cudaErrorHostMemoryAlreadyRegistered"},
    ErrorName{713, "cudaErrorHostMemoryNotRegistered"},
    ErrorName{714, "cudaErrorHardwareStackError"},
    ErrorName{715, "cudaErrorIllegalInstruction"},
    ErrorName{716, "cudaErrorMisalignedAddress"},
    ErrorName{717, "cudaErrorInvalidAddressSpace"},
    ErrorName{718, "cudaErrorInvalidPc"},
    ErrorName{719, "cudaErrorLaunchFailure"},
    ErrorName{720, "cudaErrorCooperativeLaunchTooLarge"},
    ErrorName{721, "cudaErrorTensorMemoryLeak"},
    ErrorName{800, "cudaErrorNotPermitted"},
    ErrorName{801, "cudaErrorNotSupported"},
    ErrorName{802, "cudaErrorSystemNotReady"},
    ErrorName{803, "cudaErrorSystemDriverMismatch"},
    ErrorName{804, "cudaErrorCompatNotSupportedOnDevice"},
    ErrorName{805, "cudaErrorMpsConnectionFailed"},
    ErrorName{806, "cudaErrorMpsRpcFailure"},
    ErrorName{807, "cudaErrorMpsServerNotReady"},
    ErrorName{808, "cudaErrorMpsMaxClientsReached"},
    ErrorName{809, "cudaErrorMpsMaxConnectionsReached"},
    ErrorName{810, "cudaErrorMpsClientTerminated"},
    ErrorName{811, "cudaErrorCdpNotSupported"},
    ErrorName{812, "cudaErrorCdpVersionMismatch"},
    ErrorName{900, "cudaErrorStreamCaptureUnsupported"},
    ErrorName{901, "cudaErrorStreamCaptureInvalidated"},
    ErrorName{902, "cudaErrorStreamCaptureMerge"},
    ErrorName{903, "cudaErrorStreamCaptureUnmatched"},
    ErrorName{904, "cudaErrorStreamCaptureUnjoined"},
    ErrorName{905, "cudaErrorStreamCaptureIsolation"},
    ErrorName{906, "cudaErrorStreamCaptureImplicit"},
    ErrorName{907, "cudaErrorCapturedEvent"},
    ErrorName{908, "cudaErrorStreamCaptureWrongThread"},
    ErrorName{909, "cudaErrorTimeout"},
    ErrorName{910, "cudaErrorGraphExecUpdateFailure"},
    ErrorName{911, "cudaErrorExternalDevice"},
    ErrorName{912, "cudaErrorInvalidClusterSize"},
    ErrorName{913, "cudaErrorFunctionNotLoaded"},
    ErrorName{914, "cudaErrorInvalidResourceType"},
    ErrorName{915, "cudaErrorInvalidResourceConfiguration"},
    ErrorName{999, "cudaErrorUnknown"},
};

/// What the errors that the stand-in returns mean.
constexpr std::array error_texts{
    ErrorName{cuda_success, "no error"},
    ErrorName{cuda_invalid_value, "invalid argument"},
    ErrorName{cuda_memory_allocation, "out of memory"},
    ErrorName{cuda_invalid_configuration, "invalid configuration argument"},
    ErrorName{cuda_invalid_pitch_value, "invalid pitch argument"},
    ErrorName{cuda_invalid_symbol, "invalid device symbol"},
    ErrorName{cuda_invalid_memcpy_direction, "invalid copy direction"},
    ErrorName{cuda_missing_configuration, "a kernel was called without a launch configuration"},
    ErrorName{cuda_invalid_device_function, "invalid device function"},
    ErrorName{cuda_invalid_device, "invalid device ordinal"},
    ErrorName{cuda_unsupported_limit, "the device does not have this limit"},
    ErrorName{cuda_invalid_resource_handle, "invalid resource handle"},
    ErrorName{cuda_illegal_address, "an illegal memory access was encountered"},
    ErrorName{cuda_launch_out_of_resources, "too many resources requested for launch"},
    ErrorName{cuda_host_memory_already_registered, "the host memory is already registered"},
    ErrorName{cuda_host_memory_not_registered, "the host memory is not registered"},
    ErrorName{cuda_cooperative_launch_too_large, "too many blocks in cooperative launch"},
    ErrorName{cuda_not_supported, "operation not supported"},
};

template <std::size_t Size>
const char* find_in(const std::array<ErrorName, Size>& table, std::int32_t number) {
    const auto at = std::ranges::find(table, number, &ErrorName::number);
    return at == table.end() ? nullptr : at->name;
}

}  // namespace

const char* cuda_error_name(std::int32_t number) {
    const char* const name = find_in(error_names, number);
    return name == nullptr ? "unrecognized error code" : name;
}

const char* cuda_error_text(std::int32_t number) {
    const char* const text = find_in(error_texts, number);
    return text == nullptr ? cuda_error_name(number) : text;
}

}  // namespace stcsim
