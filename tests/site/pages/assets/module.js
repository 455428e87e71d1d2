export const colour = 'rgb(0,150,0)';
