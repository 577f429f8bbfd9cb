<?php
/**
 * Makes a network of the WordPress that is installed.
 *
 * @package wcflow-companion
 */

require_once ABSPATH . 'wp-admin/includes/upgrade.php';
global $wpdb;
foreach ( $wpdb->tables( 'ms_global' ) as $table => $name ) {
	$wpdb->$table = $name;
}
install_network();
ob_start();
populate_network( 1, 'shop.example', 'admin@shop.example', 'Shops', '/', false );
ob_end_clean();
