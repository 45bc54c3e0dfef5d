/* What is exported from libhandfast, and two attributes that every public function may carry. */
#ifndef HANDFAST_EXPORT_H
#define HANDFAST_EXPORT_H

#if defined(__GNUC__)
#define HF_API                        __attribute__((visibility("default")))
#define HF_MUST_CHECK                 __attribute__((warn_unused_result))
#define HF_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define HF_API
#define HF_MUST_CHECK
#define HF_PRINTF(format_at, args_at)
#endif

#ifdef __cplusplus
#define HF_BEGIN_DECLS extern "C" {
#define HF_END_DECLS   }
#else
#define HF_BEGIN_DECLS
#define HF_END_DECLS
#endif

#endif
