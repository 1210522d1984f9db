/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol A - interval-notifier sequence-retry protocol (KVM / ODP form).
 * Every canonical atomic step is exactly one d_step, so with -DNOREDUCE one pan transition == one canonical step,
 * and "states, stored" == number of reachable canonical states.
 * Scope: -DDEVS -DPAGES -DFRAMES -DKT -DNACC -DRT -DRN -DCT -DCN -DUT -DUN -DALLOC(0 any, 1 lowest) -DVAR -DPROP
 */
#ifndef DEVS
#define DEVS 1
#endif
#ifndef PAGES
#define PAGES 1
#endif
#ifndef FRAMES
#define FRAMES 2
#endif
#ifndef KT
#define KT 1
#endif
#ifndef NACC
#define NACC 2
#endif
#ifndef RT
#define RT 1
#endif
#ifndef RN
#define RN 1
#endif
#ifndef CT
#define CT 0
#endif
#ifndef CN
#define CN 1
#endif
#ifndef UT
#define UT 0
#endif
#ifndef UN
#define UN 1
#endif
#ifndef ALLOC
#define ALLOC 0
#endif
#ifndef VAR
#define VAR 0
#endif
#ifndef WAITBEGIN
#define WAITBEGIN 0
#endif
#ifndef PROP
#define PROP 1
#endif
/* VAR: 0 ok 1 noretry 2 noseq 3 noinprog 4 noflush 5 nodrain 6 freefirst 7 earlyend 8 atomic 9 atomicpin */
#define ATOM (VAR==8 || VAR==9)

byte vma[PAGES] = 1;
byte pte[PAGES];
byte fr[FRAMES];
byte seq[DEVS];
byte inv[DEVS];
bool lock[DEVS];
byte dpt[DEVS*PAGES];
byte tlb[DEVS*PAGES];
byte infl[DEVS*PAGES];     /* derived: # DMAs in flight on (device,page); function of the dev threads' pc */
#if VAR==9
byte pin[FRAMES];          /* derived: # dev threads holding a gup pin (pc D4/D5) */
#define PINI pin[f-1]++;
#define PIND pin[f-1]--;
#else
#define PINI
#define PIND
#endif

#define ME (_pid % DEVS)
#define I  (ME*PAGES+p)
#define J  (x*PAGES+p)

#if VAR==1 || VAR==8 || VAR==9
#define RETRY (false)
#elif VAR==2
#define RETRY (inv[ME]!=0)
#elif VAR==3
#define RETRY (seq[ME]!=s)
#else
#define RETRY (inv[ME]!=0 || seq[ME]!=s)
#endif

#if ALLOC==1
#define LOW1 && fr[0]!=0
#define LOW2 && fr[0]!=0 && fr[1]!=0
#define LOW3 && fr[0]!=0 && fr[1]!=0 && fr[2]!=0
#else
#define LOW1
#define LOW2
#define LOW3
#endif

#if PROP==1
#define GOOD (fr[f-1]==p+1 || fr[f-1]==PAGES+1)
#else
#define GOOD (pte[p]==f)
#endif

active [KT] proctype dev()
{ byte p, f, s, n = NACC;
end_D0:
  if
  :: d_step { n>0 -> p=0; n--; }
#if PAGES>1
  :: d_step { n>0 -> p=1; n--; }
#endif
#if PAGES>2
  :: d_step { n>0 -> p=2; n--; }
#endif
  fi;
D1:
  if
  :: d_step { tlb[I]!=0 -> f=tlb[I]; infl[I]++; } goto D7
  :: d_step { tlb[I]==0 && dpt[I]!=0 -> tlb[I]=dpt[I]; f=dpt[I]; infl[I]++; } goto D7
  :: d_step { tlb[I]==0 && dpt[I]==0 -> skip; } goto D2
  fi;
D2:
#if WAITBEGIN
  if :: d_step { inv[ME]==0 -> s=seq[ME]; } fi;   /* mmu_interval_read_begin(): wait while an invalidation is in progress */
#else
  if :: d_step { s=seq[ME]; } fi;
#endif
end_D3:
  if
  :: d_step { !vma[p] -> p=0; s=0; } goto end_D0
  :: d_step { vma[p] && pte[p]!=0 -> f=pte[p]; PINI } goto D4
  :: d_step { vma[p] && pte[p]==0 && fr[0]==0 -> fr[0]=p+1; pte[p]=1; f=1; PINI } goto D4
#if FRAMES>1
  :: d_step { vma[p] && pte[p]==0 && fr[1]==0 LOW1 -> fr[1]=p+1; pte[p]=2; f=2; PINI } goto D4
#endif
#if FRAMES>2
  :: d_step { vma[p] && pte[p]==0 && fr[2]==0 LOW2 -> fr[2]=p+1; pte[p]=3; f=3; PINI } goto D4
#endif
#if FRAMES>3
  :: d_step { vma[p] && pte[p]==0 && fr[3]==0 LOW3 -> fr[3]=p+1; pte[p]=4; f=4; PINI } goto D4
#endif
  fi;
D4:
  if :: d_step { lock[ME]==0 -> lock[ME]=1; } fi;
D5:
  if
  :: d_step { RETRY -> PIND f=0; s=0; } goto D6
  :: d_step { !(RETRY) -> PIND dpt[I]=f; f=0; s=0; } goto D6
  fi;
D6:
  if :: d_step { lock[ME]=0; } goto D1 fi;
D7:
  if :: d_step { assert(GOOD); infl[I]--; f=0; p=0; } goto end_D0 fi;
}

/* invalidator body: PICK options differ per kind */
#if VAR==6 || ATOM
#define AFTER_PICK goto R6
#else
#define AFTER_PICK goto R1
#endif

#if VAR==4
#define FLUSHSTEP if :: d_step { skip; } fi
#elif VAR==5
#define FLUSHSTEP if :: d_step { tlb[J]=0; } fi
#else
#define FLUSHSTEP if :: d_step { infl[J]==0 -> tlb[J]=0; } fi
#endif

#define ST_LOCK   if :: d_step { lock[x]==0 -> lock[x]=1; } fi
#define ST_BEGIN  if :: d_step { inv[x]++; } fi
#define ST_ZAP    if :: d_step { dpt[J]=0; } fi

#if VAR==9
#if DEVS*PAGES==1
#define REFD (dpt[0]==f || tlb[0]==f)
#elif DEVS*PAGES==2
#define REFD (dpt[0]==f || tlb[0]==f || dpt[1]==f || tlb[1]==f)
#elif DEVS*PAGES==4
#define REFD (dpt[0]==f || tlb[0]==f || dpt[1]==f || tlb[1]==f || dpt[2]==f || tlb[2]==f || dpt[3]==f || tlb[3]==f)
#endif
#define FREEOPS(NX,RST) \
  :: d_step { f==0 -> RST } NX \
  :: d_step { f!=0 && (pin[f-1]!=0 || REFD) -> fr[f-1]=PAGES+1; f=0; RST } NX \
  :: d_step { f!=0 && !(pin[f-1]!=0 || REFD) -> fr[f-1]=0; f=0; RST } NX
#else
#define FREEOPS(NX,RST) \
  :: d_step { f==0 -> RST } NX \
  :: d_step { f!=0 -> fr[f-1]=0; f=0; RST } NX
#endif

#if VAR==6
#define NX_UNLOCK goto R8
#define NX_CLEAR  goto R7
#define NX_FREE   goto R1
#define RST_FREE  skip;
#define NX_END    goto end_R0
#define RST_END   p=0;
#elif VAR==7
#define NX_UNLOCK goto R8
#define NX_CLEAR  goto R7
#define NX_FREE   goto end_R0
#define RST_FREE  p=0;
#define NX_END    goto R6
#define RST_END   skip;
#elif ATOM
#define NX_UNLOCK goto R7
#define NX_CLEAR  goto R1
#define NX_FREE   goto end_R0
#define RST_FREE  p=0;
#define NX_END    goto end_R0
#define RST_END   p=0;
#else
#define NX_UNLOCK goto R6
#define NX_CLEAR  goto R7
#define NX_FREE   goto R8
#define RST_FREE  skip;
#define NX_END    goto end_R0
#define RST_END   p=0;
#endif

#if ATOM
#define BODY_LOCKED(CLEAROPS) \
R1: ST_LOCK; \
R3: ST_ZAP; 
#else
#define BODY_LOCKED(CLEAROPS) \
R1: ST_LOCK; \
R2: ST_BEGIN; \
R3: ST_ZAP;
#endif

#define BODY(CLEAROPS) \
BODY_LOCKED(x) \
R4: FLUSHSTEP; \
R5: if \
  :: d_step { x<DEVS-1 -> lock[x]=0; x++; } goto R1 \
  :: d_step { x==DEVS-1 -> lock[x]=0; x=0; } NX_UNLOCK \
  fi; \
R6: if CLEAROPS fi; \
R7: if FREEOPS(NX_FREE,RST_FREE) fi; \
R8: if \
  :: d_step { x<DEVS-1 && lock[x]==0 -> seq[x]++; inv[x]--; x++; } goto R8 \
  :: d_step { x==DEVS-1 && lock[x]==0 -> seq[x]++; inv[x]--; x=0; RST_END } NX_END \
  fi

#if RT>0
active [RT] proctype reclaim()
{ byte p, x, f, n = RN;
end_R0:
  if
  :: d_step { n>0 && pte[0]!=0 -> p=0; n--; } AFTER_PICK
#if PAGES>1
  :: d_step { n>0 && pte[1]!=0 -> p=1; n--; } AFTER_PICK
#endif
#if PAGES>2
  :: d_step { n>0 && pte[2]!=0 -> p=2; n--; } AFTER_PICK
#endif
  fi;
  BODY(:: d_step { f=pte[p]; pte[p]=0; } NX_CLEAR)
}
#endif

#if CT>0
#define PICKC(Q,G,LOW) :: d_step { n>0 && pte[Q]!=0 && fr[G]==0 LOW -> fr[G]=Q+1; g=G+1; f=pte[Q]; p=Q; n--; } AFTER_PICK
active [CT] proctype cow()
{ byte p, x, f, g, n = CN;
end_R0:
  if
  PICKC(0,0,)
#if FRAMES>1
  PICKC(0,1,LOW1)
#endif
#if FRAMES>2
  PICKC(0,2,LOW2)
#endif
#if FRAMES>3
  PICKC(0,3,LOW3)
#endif
#if PAGES>1
  PICKC(1,0,)
#if FRAMES>1
  PICKC(1,1,LOW1)
#endif
#if FRAMES>2
  PICKC(1,2,LOW2)
#endif
#if FRAMES>3
  PICKC(1,3,LOW3)
#endif
#endif
#if PAGES>2
  PICKC(2,0,)
#if FRAMES>1
  PICKC(2,1,LOW1)
#endif
#if FRAMES>2
  PICKC(2,2,LOW2)
#endif
#if FRAMES>3
  PICKC(2,3,LOW3)
#endif
#endif
  fi;
  BODY(:: d_step { pte[p]==f -> pte[p]=g; g=0; } NX_CLEAR :: d_step { pte[p]!=f -> f=g; g=0; } NX_CLEAR)
}
#endif

#if UT>0
active [UT] proctype unmap()
{ byte p, x, f, n = UN;
end_R0:
  if
  :: d_step { n>0 && vma[0] -> vma[0]=0; p=0; n--; } AFTER_PICK
#if PAGES>1
  :: d_step { n>0 && vma[1] -> vma[1]=0; p=1; n--; } AFTER_PICK
#endif
#if PAGES>2
  :: d_step { n>0 && vma[2] -> vma[2]=0; p=2; n--; } AFTER_PICK
#endif
  fi;
  BODY(:: d_step { f=pte[p]; pte[p]=0; } NX_CLEAR)
}
#endif
