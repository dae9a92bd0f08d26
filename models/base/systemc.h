/// The one place that includes SystemC.
///
/// Distributions build the SystemC library as C++17 and check at link time that users were too; the define makes it
/// usable from C++20.
#pragma once

#ifndef SC_CPLUSPLUS
#define SC_CPLUSPLUS 201703L
#endif
#include <systemc>
