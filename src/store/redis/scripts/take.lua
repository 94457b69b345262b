local r = cjson.decode(ARGV[1])
return (take(r.budgets, r.now, r.bulk)) or -1
