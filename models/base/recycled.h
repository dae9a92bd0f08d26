/// Storage for objects that are made and freed tens of millions of times a run.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "base/error.h"

namespace stcsim {

/// Base class of `T`: objects made with `new` take the place of freed ones. An object may be freed by another thread
/// than made it; each keeps the places that it has freed.
template <typename T>
class Recycled {
  public:
    static void* operator new(std::size_t size) {
        STCSIM_ASSERT(size == sizeof(T));
        std::vector<void*>& free = free_places().places;
        if (free.empty()) return ::operator new(size);
        void* const place = free.back();
        free.pop_back();
        return place;
    }
    static void operator delete(void* object) noexcept {
        try {
            free_places().places.push_back(object);
        } catch (const std::bad_alloc&) {
            ::operator delete(object);
        }
    }

  private:
    struct FreePlaces {
        std::vector<void*> places;
        FreePlaces() = default;
        FreePlaces(const FreePlaces&) = delete;
        FreePlaces& operator=(const FreePlaces&) = delete;
        ~FreePlaces() {
            for (void* const place : places) ::operator delete(place);
        }
    };
    static FreePlaces& free_places() {
        thread_local FreePlaces places;
        return places;
    }
};

}  // namespace stcsim
