"""Small pricing games without requests: the strategies of the market against closed forms and observed facts."""
