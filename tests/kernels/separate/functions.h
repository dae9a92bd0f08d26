// What functions.cu has for others.
#pragma once

using Function = int (*)(int);

__device__ int thrice(int x);
__device__ int plus_offset(int x);
extern __device__ Function functions_of_other_file[1];
void set_offset(int value);
