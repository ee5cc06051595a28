#pragma once
// AddressSanitizer ends the program where operator new would throw.
#if defined(__SANITIZE_ADDRESS__)
#define SCORECAM_TEST_NEW_THROWS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SCORECAM_TEST_NEW_THROWS 0
#endif
#endif
#ifndef SCORECAM_TEST_NEW_THROWS
#define SCORECAM_TEST_NEW_THROWS 1
#endif
