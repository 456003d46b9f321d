def judge(f): return {}
