/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol B - Robin Holt's handle activation: all-or-nothing endpoint activation, remote endpoints, shoot-down,
 * quiesce of in-flight transfers, respond-to-owner, SIGBUS.  One canonical atomic step == one d_step.
 * Scope: -DEPS -DHND -DPH(1|2) -DFRAMES -DNX -DRV -DRN -DUV -DUN -DVAR -DPROP */
#ifndef EPS
#define EPS 1
#endif
#ifndef HND
#define HND 1
#endif
#ifndef PH
#define PH 2
#endif
#ifndef FRAMES
#define FRAMES 3
#endif
#ifndef NX
#define NX 2
#endif
#ifndef RV
#define RV 1
#endif
#ifndef RN
#define RN 1
#endif
#ifndef UV
#define UV 0
#endif
#ifndef UN
#define UN 1
#endif
#ifndef VAR
#define VAR 0
#endif
#ifndef PROP
#define PROP 1
#endif
/* VAR: 0 ok 1 noack 2 noquiesce 3 noinval 4 split 5 partial 6 uncardsplit 7 nouncard 8 toctou 9 noshoot
 * PROP: 1 stale PFN (J1)  2 doorbell on inactive handle (J2)  3 SIGBUS without unmap (J3)  4 coherence (J4) */
#define NQ (HND*PH)
#define CAP (HND+1)
#define ACTIVE 1
#define FAIL 2
#define SHOOT 3

byte vma[NQ] = 1; byte pte[NQ]; byte fr[FRAMES]; byte inv[HND];
bool users[HND*EPS]; bool sp[HND*EPS]; bool card[EPS]; bool act[EPS*HND]; byte rtlb[EPS*NQ];
byte req[EPS]; byte rp[EPS];
bool infl[EPS*HND];              /* derived from the user threads' pc and q */
chan to[EPS] = [CAP] of { byte, byte, byte, byte };   /* type, handle, pfn0, pfn1 */

#define EU _pid
#define EK (_pid-EPS)

#if VAR==5
#define INACT(i) (!act[EU*HND+i] && i==q/PH)
#else
#define INACT(i) (!act[EU*HND+i])
#endif
#if HND==1
#define ANYIN INACT(0)
#elif HND==2
#define ANYIN (INACT(0)||INACT(1))
#endif

#if PROP==1
#define GOOD5 (f==0 || fr[f-1]==q+1)
#elif PROP==4
#define GOOD5 (f==0 || pte[q]==f)
#else
#define GOOD5 (true)
#endif
#if NQ==1
#define ALLVMA (vma[0])
#elif NQ==2
#define ALLVMA (vma[0]&&vma[1])
#elif NQ==4
#define ALLVMA (vma[0]&&vma[1]&&vma[2]&&vma[3])
#endif

active [EPS] proctype user()
{ byte q, f, n = NX;
end_U0:
  if
  :: d_step { n>0 -> q=0; n--; }
#if NQ>1
  :: d_step { n>0 -> q=1; n--; }
#endif
#if NQ>2
  :: d_step { n>0 -> q=2; n--; }
  :: d_step { n>0 -> q=3; n--; }
#endif
  fi;
U1: if
#if PROP==2
  :: d_step { card[EU] -> f=rtlb[EU*NQ+q]; infl[EU*HND+q/PH]=1; assert(f!=0); } goto U5
#else
  :: d_step { card[EU] -> f=rtlb[EU*NQ+q]; infl[EU*HND+q/PH]=1; } goto U5
#endif
  :: d_step { !card[EU] -> skip; } goto U2
  fi;
U2: if
  :: d_step { INACT(0) -> req[EU]=1; } goto end_U3
#if HND>1
  :: d_step { !INACT(0) && INACT(1) -> req[EU]=2; } goto end_U3
#endif
  :: d_step { !ANYIN -> skip; } goto U4
  fi;
end_U3: if
  :: d_step { rp[EU]==1 -> rp[EU]=0; } goto U2
#if PROP==3
  :: d_step { rp[EU]==2 -> rp[EU]=0; q=0; n=0; assert(!(ALLVMA)); } goto end_U6
#else
  :: d_step { rp[EU]==2 -> rp[EU]=0; q=0; n=0; } goto end_U6
#endif
  fi;
U4: if
#if VAR==8
  :: d_step { card[EU]=1; } goto U1
#else
  :: d_step { !ANYIN -> card[EU]=1; } goto U1
  :: d_step { ANYIN -> skip; } goto U2
#endif
  fi;
U5: if
  :: d_step { assert(GOOD5); infl[EU*HND+q/PH]=0; f=0; q=0; } goto end_U0
  fi;
end_U6: false
}

#if PH==1
#define SETTLB(a,b) rtlb[EK*NQ+t0]=a;
#define CLRTLB rtlb[EK*NQ+h]=0;
#define HAVEALL(b) (pte[b]!=0)
#define PF1(b) 0
#else
#define SETTLB(a,b) rtlb[EK*NQ+t0*2]=a; rtlb[EK*NQ+t0*2+1]=b;
#define CLRTLB rtlb[EK*NQ+h*2]=0; rtlb[EK*NQ+h*2+1]=0;
#define HAVEALL(b) (pte[(b)*2]!=0 && pte[(b)*2+1]!=0)
#define PF1(b) pte[(b)*2+1]
#endif

active [EPS] proctype rkern()
{ byte h, t0, t1, t2;     /* t0..t2: scratch of one d_step, 0 between steps */
end_K0: if
  :: d_step { to[EK]?ACTIVE,t0,t1,t2 -> SETTLB(t1,t2) act[EK*HND+t0]=1; rp[EK]=1; t0=0; t1=0; t2=0; } goto end_K0
  :: d_step { to[EK]?FAIL,t0,t1,t2 -> rp[EK]=2; t0=0; t1=0; t2=0; } goto end_K0
  :: d_step { to[EK]?SHOOT,t0,t1,t2 -> h=t0; t0=0; t1=0; t2=0; } goto K1
  fi;
K1: if
#if VAR==6
  :: d_step { card[EK]=0; }
#elif VAR==7
  :: d_step { act[EK*HND+h]=0; }
#else
  :: d_step { act[EK*HND+h]=0; card[EK]=0; }
#endif
  fi;
K2: if
#if VAR==6
  :: d_step { act[EK*HND+h]=0; CLRTLB }
#elif VAR==9
  :: d_step { skip; }
#else
  :: d_step { CLRTLB }
#endif
  fi;
K3: if
#if VAR==2
  :: d_step { sp[h*EPS+EK]=0; h=0; } goto end_K0
#else
  :: d_step { !infl[EK*HND+h] -> sp[h*EPS+EK]=0; h=0; } goto end_K0
#endif
  fi
}

#if VAR==3
#define VALID HAVEALL(h)
#else
#define VALID (HAVEALL(h) && inv[h]==0)
#endif
#define PG (h*PH+i)

active proctype owner()
{ byte e, h, i;
#if VAR==4
  byte p0, p1;
#endif
end_O0: if
  :: d_step { req[0]!=0 -> e=0; h=req[0]-1; req[0]=0; }
#if EPS>1
  :: d_step { req[1]!=0 -> e=1; h=req[1]-1; req[1]=0; }
#endif
#if EPS>2
  :: d_step { req[2]!=0 -> e=2; h=req[2]-1; req[2]=0; }
#endif
  fi;
end_O1: if
  :: d_step { !vma[PG] -> i=0; } goto O3
  :: d_step { vma[PG] && pte[PG]!=0 && i+1<PH -> i++; } goto end_O1
  :: d_step { vma[PG] && pte[PG]!=0 && i+1>=PH -> i=0; } goto O2
#define ALLOCF(G) \
  :: d_step { vma[PG] && pte[PG]==0 && fr[G]==0 && i+1<PH -> fr[G]=PG+1; pte[PG]=G+1; i++; } goto end_O1 \
  :: d_step { vma[PG] && pte[PG]==0 && fr[G]==0 && i+1>=PH -> fr[G]=PG+1; pte[PG]=G+1; i=0; } goto O2
  ALLOCF(0)
#if FRAMES>1
  ALLOCF(1)
#endif
#if FRAMES>2
  ALLOCF(2)
#endif
#if FRAMES>3
  ALLOCF(3)
#endif
#if FRAMES>4
  ALLOCF(4)
#endif
  fi;
O2: if
  :: d_step { !(VALID) -> skip; } goto end_O1
#if VAR==4
  :: d_step { VALID -> p0=pte[h*PH]; p1=PF1(h); } goto O4
#else
  :: d_step { VALID && nfull(to[e]) -> users[h*EPS+e]=1; to[e]!ACTIVE,h,pte[h*PH],PF1(h); e=0; h=0; } goto end_O0
#endif
  fi;
O3: if
  :: d_step { nfull(to[e]) -> to[e]!FAIL,h,0,0; e=0; h=0; } goto end_O0
  fi;
#if VAR==4
O4: if
  :: d_step { nfull(to[e]) -> users[h*EPS+e]=1; to[e]!ACTIVE,h,p0,p1; e=0; h=0; p0=0; p1=0; } goto end_O0
  fi;
#endif
}

#if EPS==1
#define ACKED (!sp[H*EPS])
#elif EPS==2
#define ACKED (!sp[H*EPS] && !sp[H*EPS+1])
#elif EPS==3
#define ACKED (!sp[H*EPS] && !sp[H*EPS+1] && !sp[H*EPS+2])
#endif
#if VAR==1
#define ACKGUARD (true)
#else
#define ACKGUARD ACKED
#endif
#define H (q/PH)
#define US (H*EPS+x)

#define VBODY \
V1: if :: d_step { inv[H]++; } fi; \
V2: if \
  :: d_step { !users[US] && x+1<EPS -> x++; } goto V2 \
  :: d_step { !users[US] && x+1>=EPS -> x=0; } goto V3 \
  :: d_step { users[US] && nfull(to[x]) && x+1<EPS -> users[US]=0; sp[US]=1; to[x]!SHOOT,H,0,0; x++; } goto V2 \
  :: d_step { users[US] && nfull(to[x]) && x+1>=EPS -> users[US]=0; sp[US]=1; to[x]!SHOOT,H,0,0; x=0; } goto V3 \
  fi; \
V3: if :: d_step { ACKGUARD -> skip; } fi; \
V4: if :: d_step { f=pte[q]; pte[q]=0; } fi; \
V5: if :: d_step { f==0 -> skip; } :: d_step { f!=0 -> fr[f-1]=0; f=0; } fi; \
V6: if :: d_step { inv[H]--; q=0; } goto end_V0 fi

#if RV>0
active [RV] proctype reclaim()
{ byte q, f, x, n = RN;
end_V0: if
  :: d_step { n>0 && pte[0]!=0 -> q=0; n--; }
#if NQ>1
  :: d_step { n>0 && pte[1]!=0 -> q=1; n--; }
#endif
#if NQ>2
  :: d_step { n>0 && pte[2]!=0 -> q=2; n--; }
  :: d_step { n>0 && pte[3]!=0 -> q=3; n--; }
#endif
  fi;
  VBODY
}
#endif
#if UV>0
active [UV] proctype unmap()
{ byte q, f, x, n = UN;
end_V0: if
  :: d_step { n>0 && vma[0] -> vma[0]=0; q=0; n--; }
#if NQ>1
  :: d_step { n>0 && vma[1] -> vma[1]=0; q=1; n--; }
#endif
#if NQ>2
  :: d_step { n>0 && vma[2] -> vma[2]=0; q=2; n--; }
  :: d_step { n>0 && vma[3] -> vma[3]=0; q=3; n--; }
#endif
  fi;
  VBODY
}
#endif
