/* The powers of zeta = 17, the 256th root of one mod q (FIPS 203, 4.3 and appendix A), as lists:
 * MLKEM_ZETAS_n(X) is X(...) of the n powers that the NTT layer with n blocks uses, in its
 * order. Entry i of all lists together (i = 1..127) is 17^BitRev7(i) * 2^16 mod q, between -q/2
 * and q/2: in Montgomery form, so that a Montgomery product with it is the plain product. */
#ifndef NATIVE_MLKEM_ZETA_H
#define NATIVE_MLKEM_ZETA_H

/* clang-format off */

#define MLKEM_ZETAS_1(X) X(-758)
#define MLKEM_ZETAS_2(X) X(-359) X(-1517)
#define MLKEM_ZETAS_4(X) X(1493) X(1422) X(287) X(202)
#define MLKEM_ZETAS_8(X) X(-171) X(622) X(1577) X(182) X(962) X(-1202) X(-1474) X(1468)
#define MLKEM_ZETAS_16(X) \
    X(573) X(-1325) X(264) X(383) X(-829) X(1458) X(-1602) X(-130) \
    X(-681) X(1017) X(732) X(608) X(-1542) X(411) X(-205) X(-1571)
#define MLKEM_ZETAS_32(X) \
    X(1223) X(652) X(-552) X(1015) X(-1293) X(1491) X(-282) X(-1544) \
    X(516) X(-8) X(-320) X(-666) X(-1618) X(-1162) X(126) X(1469) \
    X(-853) X(-90) X(-271) X(830) X(107) X(-1421) X(-247) X(-951) \
    X(-398) X(961) X(-1508) X(-725) X(448) X(-1065) X(677) X(-1275)
#define MLKEM_ZETAS_64(X) \
    X(-1103) X(430) X(555) X(843) X(-1251) X(871) X(1550) X(105) \
    X(422) X(587) X(177) X(-235) X(-291) X(-460) X(1574) X(1653) \
    X(-246) X(778) X(1159) X(-147) X(-777) X(1483) X(-602) X(1119) \
    X(-1590) X(644) X(-872) X(349) X(418) X(329) X(-156) X(-75) \
    X(817) X(1097) X(603) X(610) X(1322) X(-1285) X(-1465) X(384) \
    X(-1215) X(-136) X(1218) X(-1335) X(-874) X(220) X(-1187) X(-1659) \
    X(-1185) X(-1530) X(-1278) X(794) X(-1510) X(-854) X(-870) X(478) \
    X(-108) X(-308) X(996) X(991) X(958) X(-1460) X(1522) X(1628)

/* clang-format on */

#endif
