"""What any study is made of: metric, condition, claim, result, schedule. Knows neither pytest nor files nor any study by its name."""
