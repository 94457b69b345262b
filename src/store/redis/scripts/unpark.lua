local r = cjson.decode(ARGV[1])
return drop_letter(r.letters, r.id)
