#include "tensor_core/tensor_operation.h"

#include <boost/pool/pool.hpp>

#include "base/error.h"

namespace stcsim {
namespace {

boost::pool<>& operation_pool() {
    thread_local boost::pool<> pool(sizeof(TensorOperation));
    return pool;
}

}  // namespace

void* TensorOperation::operator new(std::size_t size) {
    STCSIM_ASSERT(size == sizeof(TensorOperation));
    void* memory = operation_pool().malloc();
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void TensorOperation::operator delete(void* operation) noexcept {
    operation_pool().free(operation);
}

}  // namespace stcsim
